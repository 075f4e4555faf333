"""One comparable number for each trial, whatever the epoch that it has reached."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.summaries import record

from tuner.core.rank import Rank
from tuner.search.extrapolation import ScoreTable, extrapolate, fine_score

NAN = float("nan")


def test_the_score_of_a_trial_that_reached_the_end_is_its_own() -> None:
    table = np.array([[0.3, 0.5, 0.7], [0.4, 0.6, 0.65], [0.2, 0.3, NAN], [0.1, NAN, NAN]])
    assert extrapolate(table)[:2].tolist() == [0.7, 0.65]


def test_a_trial_that_has_not_reached_the_first_level_has_no_score() -> None:
    assert np.isnan(extrapolate(np.array([[NAN, NAN], [0.5, 0.6]]))).tolist() == [True, False]


def test_before_any_trial_has_reached_the_next_level_scores_stay_as_they_are() -> None:
    table = np.array([[0.3, NAN, NAN], [0.4, NAN, NAN]])
    assert extrapolate(table).tolist() == [0.3, 0.4]


def test_one_trial_above_moves_all_by_what_it_gained() -> None:
    table = np.array([[0.5, 0.7], [0.5, NAN], [0.4, NAN]])
    assert extrapolate(table) == pytest.approx([0.7, 0.7, 0.6])


def test_with_many_trials_the_line_is_theirs() -> None:
    """Curves that end at 0.5 + half of what they had at the rung: a trial that had 0.2 would end at 0.6."""
    early = np.linspace(0.3, 0.9, 400)
    table = np.array([*([x, 0.5 + x / 2] for x in early), [0.2, NAN]])
    assert extrapolate(table)[-1] == pytest.approx(0.6, abs=0.01)


def test_a_trial_that_was_stopped_can_be_above_one_that_went_on_and_disappointed() -> None:
    table = np.array([[0.60, 0.80], [0.60, 0.82], [0.58, 0.60], [0.59, NAN]])
    scores = extrapolate(table)
    assert scores[2] < scores[3] < scores[1]


SCORES = st.floats(0, 1, allow_nan=False).map(lambda x: round(x, 6))


@given(st.lists(st.lists(SCORES, min_size=1, max_size=4), min_size=1, max_size=30))
def test_the_order_of_trials_that_stopped_at_one_level_stays(curves: list[list[float]]) -> None:
    table = np.array([[*curve, *[NAN] * (4 - len(curve))] for curve in curves])
    scores = extrapolate(table)
    assert np.isfinite(scores).all()
    for level in range(1, 5):
        same = [n for n, curve in enumerate(curves) if len(curve) == level]
        for first in same:
            for second in same:
                if curves[first][-1] > curves[second][-1]:
                    assert scores[first] > scores[second]


def test_the_table_takes_each_level_once_in_any_order_and_forgets_a_failed_trial() -> None:
    table = ScoreTable((1, 3))
    table.note(record(100, "RUNNING", 0.2))
    table.note(record(1, "COMPLETE", 0.4, 0.5, 0.6))
    found = table.extrapolated()
    assert len(found) == 101
    assert found[1] == pytest.approx(0.6, abs=1e-8)
    assert found[100] == pytest.approx(0.4, abs=1e-8)
    table.note(record(1, "FAIL", 0.4, 0.5, 0.6))
    assert math.isnan(table.extrapolated()[1])
    assert table.extrapolated()[100] == pytest.approx(0.2, abs=1e-8)


def test_a_lower_loss_counts_less_than_one_sample() -> None:
    assert fine_score(Rank(0, (0.5,), -0.1)) > fine_score(Rank(0, (0.5,), -0.2))
    assert fine_score(Rank(0, (0.5,), 0.0)) < fine_score(Rank(0, (0.5 + 1 / 10**7,), -1e6))


def test_a_trial_without_a_score_at_a_lower_level_takes_none_from_the_others() -> None:
    scores = extrapolate(np.array([[0.5, 0.7], [NAN, 0.8], [0.4, NAN]]))
    assert scores == pytest.approx([0.7, 0.8, 0.6])
