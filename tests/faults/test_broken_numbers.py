"""Losses, weights and statistics that are NaN, infinite, huge or constant: ended truthfully, and never the best."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient
from support.common import make_config
from support.digits import some_digits
from support.in_process import run_trials
from support.made_up_search import study_of
from torch import Tensor, nn

from tuner.core import catalog
from tuner.core.config import SweepConfig
from tuner.core.errors import SweepError
from tuner.core.records import TrialRecord, best_of
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import DataSpec, Splits
from tuner.report.findings import Findings
from tuner.report.make import write_report
from tuner.search.study import Study
from tuner.sweeps.inputs import SweepInputs
from tuner.sweeps.run import SweepRun
from tuner.tracking.store import Store

LATE = 3  # the epoch in which the flaw `late` shows
HUGE = 1e30
BRIGHT = 10  # no digit is, once normalised


class Flawed(nn.Module):
    """A linear classifier of 8x8 images whose numbers go wrong."""

    def __init__(self, flaw: str) -> None:
        super().__init__()
        self.flaw = flaw
        self.linear = nn.Linear(64, 10)
        self.root = nn.Parameter(torch.zeros(()))
        self.register_buffer("statistics", torch.full((), math.nan))
        self.register_buffer("steps", torch.zeros(()))
        self.statistics: Tensor
        self.steps: Tensor

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.linear(inputs.flatten(1)) + 0 * self.root
        self.steps += self.training
        if self.flaw == "gradient" or (self.flaw == "late" and self.steps >= LATE):
            logits = logits + 0 * self.root.sqrt()  # 0 now; its gradient is 0 x inf
        elif self.flaw == "statistics" and not self.training:
            logits = logits * self.statistics
        elif self.flaw == "infinite":
            logits = logits.exp() * torch.finfo().max
        elif self.flaw == "huge":
            logits = logits + logits.detach() * HUGE
        elif self.flaw == "constant":
            logits = logits * 0
        elif self.flaw == "test only":
            logits = logits.where(inputs.flatten(1).amax(1, keepdim=True) < BRIGHT, math.nan)
        return logits


@pytest.fixture
def splits(monkeypatch: pytest.MonkeyPatch) -> Splits:
    """Digits, and a cnn that is none."""

    def build(data: DataSpec, *, flaw: str = "none") -> nn.Module:
        return Flawed(flaw)

    monkeypatch.setattr(catalog.load("models", "cnn"), "build", build)
    return some_digits(300)


@dataclass
class Ran:
    """A sweep of trials in this process."""

    study: Study
    records: list[TrialRecord]


def sweep(folder: Path, splits: Splits, *flaws: str, trials: int = 1, epochs: int = 9) -> Ran:
    params = {"flaw": {"choices": list(flaws)}, "batch_size": {"choices": [1024]}, "lr": {"low": 0.01, "high": 0.0101}}
    space = {"epochs": epochs, "params": params}
    config = make_config(trials=trials, epochs=epochs, concurrency=1, space=space, max_failure_rate=1.0)
    study = study_of(config, folder)
    run_trials(config, splits, study, folder)
    return Ran(study, study.records())


@pytest.mark.parametrize(
    ("flaw", "reason", "epochs"),
    [
        ("gradient", "val_loss is nan in epoch 1", 0),  # an epoch of one step, whose own loss was finite
        ("statistics", "val_loss is nan in epoch 1", 0),  # as those of batch normalisation may be
        ("infinite", "train_loss is nan in epoch 1", 0),
        ("late", f"val_loss is nan in epoch {LATE}", LATE - 1),
        ("huge", r"train_loss exploded to \d\.\d+e\+\d+ in epoch 1", 1),  # and its accuracy is a good one
    ],
)
def test_numbers_that_are_not_finite_or_explode_fail_the_trial_with_the_reason(
    tmp_path: Path, splits: Splits, flaw: str, reason: str, epochs: int
) -> None:
    ran = sweep(tmp_path, splits, flaw)
    [record] = ran.records
    assert (record.state, record.epoch) == ("FAIL", epochs)
    assert re.fullmatch(reason, record.reason), record.reason
    assert math.isfinite(record.metrics[max(record.metrics)]["train_loss"]) == (flaw != "infinite")
    assert ran.study.best() is None
    assert list((tmp_path / "trials").glob("*")) == [], "the checkpoint of a failed trial is kept for nothing"


def test_of_all_flaws_only_sound_trials_may_be_the_best(tmp_path: Path, splits: Splits) -> None:
    flaws = ("none", "gradient", "statistics", "huge", "late")
    ran = sweep(tmp_path, splits, *flaws, trials=12)
    by_flaw = {flaw: [r for r in ran.records if r.parameters["flaw"] == flaw] for flaw in flaws}
    assert all(by_flaw.values()), "each was drawn"
    assert {r.state for flaw in flaws[1:] for r in by_flaw[flaw] if r.epoch != 1 or flaw != "late"} == {"FAIL"}
    assert {r.state for r in by_flaw["none"]} <= {"COMPLETE", "PRUNED"}
    best = ran.study.best()
    assert best is not None
    assert best.state != "FAIL"
    assert best.parameters["flaw"] == "none" or (best.parameters["flaw"], best.epoch) == ("late", 1), "sound till then"


def test_a_metric_that_never_changes_ends_all_trials_and_the_first_is_the_best(tmp_path: Path, splits: Splits) -> None:
    ran = sweep(tmp_path, splits, "constant", trials=9)
    assert len({value for record in ran.records for value in record.values.values()}) == 1
    assert {record.state for record in ran.records} == {"COMPLETE", "PRUNED"}
    best = ran.study.best()
    assert best is not None
    assert best == best_of(ran.records)
    assert (best.number, best.best_epoch) == (0, 9), "the last of equal epochs is kept"
    assert best.state == "COMPLETE", "the best of equals went on to the end"
    reached = sorted((record.epoch for record in ran.records), reverse=True)
    assert reached == [9, *[3] * 2, *[1] * 6], "ASHA spends no more on equals than on others"
    found = Findings(config=make_config(trials=9), records=tuple(ran.records), result=None, load_winner=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = write_report(found, tmp_path / "report")
    assert made.failed == {}


def run_whole(config: SweepConfig, folder: Path, splits: Splits) -> None:
    with SweepRun.open(config, SweepFolder(folder), SweepInputs(splits, {}), ()) as run:
        assert run.search(), "the search came to its end"
        run.finalize()


def whole_sweep(home: Path, splits: Splits, flaw: str) -> str:
    """A sweep of one trial from its begin to its error."""
    space: dict[str, Any] = {"epochs": 3, "params": {"flaw": {"choices": [flaw]}, "batch_size": {"choices": [64]}}}
    config = make_config(name=flaw.replace(" ", "-"), trials=1, epochs=3, space=space)
    folder = home / config.name
    folder.mkdir(parents=True)
    config.save(folder)
    with pytest.raises(SweepError) as ended:
        run_whole(config, folder, splits)
    assert not (folder / "model").exists()
    assert not (folder / "result.json").exists()
    return str(ended.value)


def test_nothing_is_registered_of_a_model_without_finite_numbers(home: Path, splits: Splits) -> None:
    splits.test.inputs[7] = 255
    assert whole_sweep(home, splits, "statistics") == "the trial failed: val_loss is nan in epoch 1"
    assert "1 of 359 test samples" in whole_sweep(home, splits, "test only")
    client = MlflowClient(Store.of(home).uri, Store.of(home).uri)
    assert client.search_registered_models() == []
    [experiment] = [found for found in client.search_experiments() if found.name == "digits-cnn"]
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 4
    assert "RUNNING" not in {run.info.status for run in runs}
