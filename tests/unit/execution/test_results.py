"""A trial's report comes back from Ray as it was handed in."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest
from ray.tune.utils import flatten_dict
from support.made_up_search import metrics_of

from tuner.core.trial_report import TrialReport
from tuner.execution.results import to_report, to_result

FULL = TrialReport(
    metrics=metrics_of(3, 0.1 + 0.2),
    seed=2**32 - 1,
    conditions={"device": "cpu", "threads": 1},
    halved=2,
    kept_epoch=2,
    notes=("a line", 'with "quotes" and \u00e4'),
    measured={"parameters": 20810, "latency_ms": 0.1 + 0.2},
    measured_on="a CPU, 1 thread",
    node="10.0.0.7/1",
    ended=True,
    error="it broke",
    details="Traceback:\n  here",
    out_of_memory=True,
    unsaved="the disk is full: x",
)


def test_every_field_is_tried_here() -> None:
    assert all(getattr(FULL, field.name) != getattr(TrialReport(), field.name) for field in fields(TrialReport))


@pytest.mark.parametrize("report", [FULL, TrialReport(), TrialReport(error="it broke"), TrialReport(unsaved="full")])
def test_a_report_comes_back_as_it_was(report: TrialReport) -> None:
    assert to_report(to_result(report)) == report


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e-320, 1.7976931348623157e308, -0.0])
def test_a_number_comes_back_to_the_last_digit(value: float) -> None:
    found = to_report(to_result(TrialReport(metrics=metrics_of(1, 0.5, train_loss=value)))).metrics["train_loss"]
    assert (found, math.copysign(1, found)) == (value, math.copysign(1, value))


def test_nan_comes_back_and_harms_no_other_metric() -> None:
    found = to_report(to_result(TrialReport(metrics=metrics_of(1, 0.5, val_loss=math.nan)))).metrics
    assert math.isnan(found["val_loss"])
    assert {**found, "val_loss": 0.0} == metrics_of(1, 0.5, val_loss=0.0)


@pytest.mark.parametrize(("report", "epoch"), [(FULL, 3), (TrialReport(error="it broke"), 0)])
def test_a_result_is_flat_and_has_the_epoch_for_ray(report: TrialReport, epoch: int) -> None:
    """Ray Tune would flatten a dict in it, and part its keys at a slash."""
    result: dict[str, Any] = to_result(report)
    assert flatten_dict(result) == result
    assert result["epoch"] == epoch


def test_what_ray_adds_to_a_result_is_left_out() -> None:
    assert to_report({**to_result(FULL), "training_iteration": 7, "config": {"number": 3}}) == FULL
