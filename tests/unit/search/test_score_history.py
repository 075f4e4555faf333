"""Scores of trials that were trained for different numbers of epochs, or in an earlier sweep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.summaries import record

from tuner.core.records import TrialRecord
from tuner.core.warm_trials import WarmTrial
from tuner.search.extrapolation import ScoreTable
from tuner.search.score_history import Length, ScoreHistory

SHORT, LONG = Length(first=0, levels=(1, 3)), Length(first=4, levels=(2, 6))


def trial(number: int, scores: list[float], point: float) -> TrialRecord:
    return replace(record(number, "PRUNED", *scores), parameters={"lr": point})


OLD = [
    trial(0, [0.5, 0.6, 0.7], 0.1),
    trial(1, [0.4, 0.5, 0.6], 0.2),
    trial(2, [0.3], 0.3),
    trial(3, [0.2], 0.4),
]


def test_without_other_lengths_they_are_those_of_the_rungs_alone() -> None:
    history, table = ScoreHistory([SHORT]), ScoreTable(SHORT.levels)
    for each in OLD:
        history.note(each)
        table.note(each)
    own, warm, superseded = history.scores()
    assert own.tolist() == table.extrapolated().tolist()
    assert (len(warm), superseded) == (0, frozenset())


def test_shorter_trials_keep_their_order_and_gain_what_points_gained_that_were_trained_in_both() -> None:
    history = ScoreHistory([SHORT, LONG])
    for each in OLD:
        history.note(each)
    before = history.scores().own
    history.note(trial(4, [0.4, 0.5, 0.6, 0.7, 0.75, 0.8], 0.1))  # trial 0 again, which came to 0.7
    own, _, superseded = history.scores()
    assert superseded == {0}
    assert np.isnan(own[0])
    assert own[4] == pytest.approx(0.8, abs=1e-8)
    assert own[1:4] == pytest.approx(before[1:4] + 0.1, abs=1e-8)


def test_a_longer_trial_is_compared_when_it_has_reached_its_own_first_rung() -> None:
    history = ScoreHistory([SHORT, LONG])
    for each in OLD:
        history.note(each)
    history.note(trial(4, [0.4], 0.1))
    history.note(trial(5, [0.4], 0.9))
    own, _, superseded = history.scores()
    assert not superseded
    assert np.isnan(own[4:]).all()
    assert not np.isnan(own[:4]).any()


def test_trials_of_a_sweep_that_trained_alike_count_with_their_scores() -> None:
    warm = [WarmTrial(parameters={"lr": 0.1}, score=0.9), WarmTrial(parameters={"lr": 0.7}, score=0.3)]
    history = ScoreHistory([SHORT], warm)
    assert history.scores().warm.tolist() == [0.9, 0.3]
    history.note(trial(0, [0.5], 0.5))
    assert history.scores().own == pytest.approx([0.5], abs=1e-8)
    history.note(trial(1, [0.5, 0.6, 0.85], 0.1))  # the best of them once more
    scores = history.scores()
    assert np.isnan(scores.warm[0])
    assert scores.warm[1] == 0.3


def test_trials_of_a_sweep_that_trained_for_longer_or_shorter_are_moved_by_what_the_same_point_gained() -> None:
    warm = [WarmTrial(parameters={"lr": 0.1}, score=0.9), WarmTrial(parameters={"lr": 0.7}, score=0.3)]
    history = ScoreHistory([SHORT], warm, comparable=False)
    history.note(trial(0, [0.5, 0.6, 0.7], 0.1))
    scores = history.scores()
    assert scores.warm[1] == pytest.approx(0.1, abs=1e-6)
    assert scores.own == pytest.approx([0.7], abs=1e-8)
