"""A search in this process whose trials report made-up scores and train nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from support.common import make_config
from support.in_process import Nobody
from tuner.core.callback import Decision
from tuner.core.sweep_folder import JOURNAL_FILE
from tuner.search.controller import Controller
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space
from tuner.search.study import Study

METRICS = {"train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 1.0, "lr": 0.1, "epoch_seconds": 1.0}
SPACE = {"epochs": 9, "params": {"dropout": {"low": 0.0, "high": 0.9}}}


def space() -> SearchSpace:
    return parse_space(SPACE, "a test")


def study(folder: Path) -> Study:
    return Study(folder / JOURNAL_FILE, space(), seed=0, trials=12)


def policy(folder: Path) -> Controller:
    return Controller(make_config(), study(folder), folder / "trials", Nobody())


def result(epoch: int, score: float) -> dict[str, float]:
    return {"epoch": epoch, "val_accuracy": score, **METRICS}


def drive(subject: Controller, epochs: Counter[int]) -> None:
    """Runs one trial at a time until the policy is over or halts."""
    while not subject.over and not subject.halted:
        if drawn := subject.next_trial():
            number = drawn[0]
            while True:
                epochs[number] += 1
                if subject.on_report(number, result(epochs[number], number / 20)) is Decision.STOP:
                    break
