"""Sweeps of each kind, whose trials report made-up scores and train nothing: what commands and tools tell of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support.common import make_config
from support.made_up_search import begin, metrics_of
from tuner.core.program import FUNCTION, Program
from tuner.core.sweep_folder import write_error
from tuner.core.trial_report import TrialReport
from tuner.search.schedulers.base import Decision

NAN, INFINITY = float("nan"), float("inf")
OWN = Program(kind=FUNCTION, name="mine", shown="mine.py", digest="", saves=True).to_json()
SEVERAL: dict[str, Any] = {
    "epochs": 1,
    "models": ["cnn", "lenet"],
    "params": {"cnn.width": 0.125, "lenet.dropout": {"low": 0.0, "high": 0.4}},
}
Tell = Callable[[int, int], Mapping[str, float]]
"""The metrics of a trial in an epoch."""


def _numbers(number: int, epoch: int) -> dict[str, float]:
    told = {"val_r2": number / 5, "val_rmse": 3.0, "val_mae": 2.0, "val_mse": 9.0, "val_loss": 1.0, "train_loss": 1.0}
    return {"epoch": epoch, "train_r2": 0.5, "lr": 0.1, "epoch_seconds": 1.0, **told}


def _classes(number: int, epoch: int) -> dict[str, float]:
    return metrics_of(epoch, number / 5, val_macro_f1=1 - number / 5)


def _own(number: int, epoch: int) -> dict[str, float]:
    return {"epoch": epoch, "loss": 1 / (number + 1), "odd": NAN, "far": INFINITY}


def _broken(number: int, epoch: int) -> dict[str, float]:
    return {"epoch": epoch, "loss": NAN}


KINDS: dict[str, tuple[Tell | None, dict[str, Any]]] = {
    "numbers": (_numbers, {"task": "regression", "objective": "val_r2:max", "dataset": "csv:t.csv", "target": "y"}),
    "by-error": (_numbers, {"task": "regression", "objective": "val_rmse:min,val_mae:min", "dataset": "csv:t.csv"}),
    "two-objectives": (_classes, {"objective": "val_accuracy:max,val_macro_f1:max", "constraint": "val_loss<=0.9"}),
    "infeasible": (_classes, {"constraint": "val_loss<=0.000001"}),
    "budgets": (_classes, {"epoch_budget": 3, "target_score": 0.99, "patience": 9, "time_budget": 60.0}),
    "several": (_classes, {"model": "cnn,lenet", "space": SEVERAL, "default": True}),
    "not-begun": (None, {}),
    "own": (_own, {"objective": "loss:min", "program": OWN, "dataset": "", "model": "mine"}),
    "own-failed": (_broken, {"objective": "loss:min", "program": OWN, "dataset": "", "model": "mine"}),
}
"""By the name of the sweep: what its trials tell, None where none has begun; and its configuration."""


def make_kinds(home: Path) -> None:
    """Writes a folder of each of KINDS into `home`. Those with trials are interrupted or failed, none is finished."""
    for name, (tell, changes) in KINDS.items():
        folder = home / name
        folder.mkdir(parents=True)
        config = make_config(
            name=name, **{"trials": 3, "epochs": 2, "scheduler": "none", "sampler": "random", **changes}
        )
        config.save(folder)
        if tell is None:
            continue
        controller, _ = begin(config, folder)
        while not controller.over and (drawn := controller.next_trial()):
            epoch, number = 1, drawn[0]
            while controller.on_report(number, TrialReport(metrics=tell(number, epoch))) is not Decision.STOP:
                epoch += 1
        if tell is _broken:
            write_error(folder, "all 3 trials failed, 3 of them with: loss is nan in epoch 1")
