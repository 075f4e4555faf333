"""The mean of a score over several trainings, with its interval."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.search.schedulers.ladder import Ladder
from tuner.search.schedulers.whole import WholeTrials
from tuner.search.spread import spread_of


def test_the_interval_is_that_of_students_t() -> None:
    spread = spread_of([0.90, 0.92, 0.94, 0.91, 0.93])
    assert [spread.mean, spread.sd] == pytest.approx([0.92, 0.0158114])
    assert spread.interval == pytest.approx(
        (0.92 - 2.776445 * 0.0158114 / 5**0.5, 0.92 + 2.776445 * 0.0158114 / 5**0.5)
    )


def test_scores_on_overlapping_splits_have_a_wider_interval() -> None:
    plain, wider = spread_of([0.90, 0.92, 0.94]), spread_of([0.90, 0.92, 0.94], overlap=0.25)
    assert plain.interval
    assert wider.interval
    ratio = (wider.interval.high - wider.mean) / (plain.interval.high - plain.mean)
    assert ratio == pytest.approx(((1 / 3 + 0.25) / (1 / 3)) ** 0.5)


def test_a_single_value_has_no_interval_and_none_is_beyond_the_score() -> None:
    assert spread_of([0.9]).interval is None
    assert spread_of([1.0, 0.98]).interval == pytest.approx((0.99 - 12.706205 * 0.01, 1.0))
    assert spread_of([0.5, 1.5], most=float("inf")).interval == pytest.approx((0.0, 1 + 12.706205 * 0.5))
    assert spread_of([0.9, 0.9]).interval == (0.9, 0.9)


def test_the_interval_covers_the_mean_in_95_of_100_draws() -> None:
    rng = np.random.default_rng(0)
    draws = rng.normal(0.7, 0.02, size=(4000, 5)).tolist()
    covered = sum(
        found.interval.low <= 0.7 <= found.interval.high for row in draws if (found := spread_of(row)).interval
    )
    assert covered / len(draws) == pytest.approx(0.95, abs=0.01)


def test_trials_that_are_whole_wait_nowhere() -> None:
    assert WholeTrials().rungs() == ()
    assert WholeTrials().promotable(Ladder(()), no_more_new=True) == []
