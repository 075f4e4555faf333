"""What is measured before the first epoch of a trial, and what it leaves as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.metrics import f1_score
from support.digits import some_digits

from tuner.core.objective import Goal
from tuner.core.trial_report import TrialReport
from tuner.data.spec import Splits
from tuner.training.class_metrics import macro_f1
from tuner.training.classifier import build_classifier
from tuner.training.trial import TrialJob, run_trial
from tuner.training.trial_data import TrialData

PARAMETERS: dict[str, Any] = {"batch_size": 64, "optimizer": "adam", "lr": 0.003, "dropout": 0.3, "width": 0.125}


@pytest.fixture(scope="module")
def splits() -> Splits:
    return some_digits(200)


def run(folder: Path, splits: Splits, goal: Goal, *, stop: bool = False) -> list[TrialReport]:
    """The reports of a trial of two epochs; if asked, it is stopped at its first report."""
    job = TrialJob(
        sweep="x",
        data=splits.spec,
        model="cnn",
        epochs=2,
        rungs=(1,),
        seed=0,
        threads=1,
        gpus=0,
        folder=folder,
    )
    reports: list[TrialReport] = []

    def report(told: TrialReport) -> None:
        reports.append(told)
        if stop:
            raise SystemExit

    data = TrialData(splits.train, splits.validation, {})
    try:
        run_trial(replace(job, goal=goal), 0, PARAMETERS, data, report)
    except SystemExit:
        assert stop
    return reports


def test_it_is_told_first_and_changes_no_number_of_the_training(tmp_path: Path, splits: Splits) -> None:
    plain = run(tmp_path / "a", splits, Goal())
    measured, *epochs = run(tmp_path / "b", splits, Goal.parse("latency_ms", "parameters<=1e9"))
    network = build_classifier(splits.spec, "cnn", {"dropout": 0.3, "width": 0.125})
    assert measured.measured["parameters"] == sum(weights.numel() for weights in network.parameters())
    assert measured.measured["latency_ms"] > 0
    assert measured.measured_on.endswith(", 1 thread")
    assert (measured.epoch, measured.metrics) == (0, {})
    assert [each.measured for each in plain] == [{}, {}]
    for one, other in zip(plain, epochs, strict=True):
        assert {**one.metrics, "epoch_seconds": 0} == {**other.metrics, "epoch_seconds": 0}


def test_a_trial_that_is_stopped_at_once_has_trained_nothing(tmp_path: Path, splits: Splits) -> None:
    [only] = run(tmp_path, splits, Goal.parse("val_accuracy", "parameters<=10"), stop=True)
    assert set(only.measured) == {"parameters"}
    assert list(tmp_path.rglob("*.pt")) == []


@pytest.mark.parametrize("classes", [2, 5])
def test_the_macro_f1_is_that_of_scikit_learn(classes: int) -> None:
    generator = torch.Generator().manual_seed(classes)
    targets = torch.randint(0, classes - 1, (50,), generator=generator)  # one class does not occur
    said = torch.randint(0, classes, (50,), generator=generator)
    columns = (targets[said == targets], said, targets)
    counts = torch.stack([torch.bincount(column, minlength=classes + 1) for column in columns])
    assert macro_f1(counts) == pytest.approx(f1_score(targets, said, average="macro", zero_division=0.0))
