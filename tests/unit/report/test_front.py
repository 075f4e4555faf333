"""The picture and the chart of a Pareto front."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.figures import drawn, labels
from support.made_up_trials import record

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.report.figures_front import draw_front
from tuner.report.front_series import front_series
from tuner.report.not_shown import NotShown
from tuner.report.page_front import front_block

GOAL = Goal.parse("val_accuracy,parameters", "parameters<=900")


def trial(number: int, state: str, score: float, size: float) -> TrialRecord:
    return replace(record(number, state, [score]), goal=GOAL, measured={"parameters": size})


TRIALS = [
    trial(0, "COMPLETE", 0.8, 50),
    trial(1, "COMPLETE", 0.9, 200),
    trial(2, "COMPLETE", 0.7, 300),
    trial(3, "PRUNED", 0.95, 100),
    trial(4, "COMPLETE", 0.99, 1000),
    trial(5, "FAIL", 0.99, 10),
]


def test_the_front_has_numbers_and_the_others_are_grey(tmp_path: Path) -> None:
    [axes] = drawn(draw_front(front_series(TRIALS)), tmp_path).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("parameters (lower is better)", "val_accuracy (higher is better)")
    assert labels(axes) == [
        "dominated (1)",
        "not trained to the end (1)",
        "beyond a constraint (1)",
        "the Pareto front (2)",
    ]
    assert [text.get_text() for text in axes.texts] == ["1", "0"]
    assert np.asarray(axes.lines[0].get_xydata()).tolist() == [[200, 0.9], [50, 0.8]]


def test_the_chart_says_which_trial_is_where() -> None:
    block = front_block(front_series(TRIALS))
    [chart] = block.charts
    front = chart["data"][-1]
    assert (front["x"], front["y"]) == ([200, 50], [0.9, 0.8])
    assert front["text"][0].startswith("<b>trial 1</b>, done<br>val_accuracy 0.9000, parameters 200 in epoch 1")
    assert [note["text"] for note in chart["layout"]["annotations"]] == ["1", "0"]
    assert "Trial 1 is the winner: of these it has the best val_accuracy." in block.caption


@pytest.mark.parametrize(
    ("records", "why"), [(TRIALS[3:], "no trial is complete"), ([record(0, "COMPLETE", [1])], "one")]
)
def test_without_a_front_the_reason_is_told(records: list[TrialRecord], why: str) -> None:
    with pytest.raises(NotShown, match=why):
        front_series(records)
