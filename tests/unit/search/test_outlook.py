"""What half as many trials again would probably bring."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.common import make_config
from support.made_up_trials import record

from tuner.core.outlook import Outlook
from tuner.search.extrapolation import Floats
from tuner.search.outlook import CONFIDENCE, LEAST_TRIALS, likely_most, outlook_of

Draw = Callable[[np.random.Generator, int], Floats]
TAILS: dict[str, Draw] = {
    "normal": lambda rng, count: rng.normal(0.7, 0.05, size=count),
    "uniform": lambda rng, count: rng.uniform(0.2, 0.9, size=count),
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("trials", [16, 40])
def test_the_limit_holds_as_often_as_is_said(tail: str, trials: int) -> None:
    """By chance alone 400 searches of a calibrated method give a share within 0.04 of it; a sharp end gives more."""
    rng, held, better = np.random.default_rng(0), [], []
    more = trials // 2
    for _ in range(400):
        scores, new = TAILS[tail](rng, trials), TAILS[tail](rng, more)
        gain, most = max(0.0, new.max() - scores.max()), likely_most(scores, trials, more)
        assert most is not None
        held.append(gain <= most)
        better.append(gain > 0)
    assert CONFIDENCE - 0.04 < np.mean(held) < (CONFIDENCE + 0.05 if tail == "normal" else 1.001)
    assert np.mean(better) == pytest.approx(more / (trials + more), abs=0.07)


def test_the_limit_follows_the_unit_of_the_scores_and_shrinks_with_more_trials() -> None:
    rng = np.random.default_rng(0)
    scores = TAILS["normal"](rng, 24)
    most = likely_most(scores, 24, 12)
    assert most
    assert likely_most(10 * scores + 3, 24, 12) == pytest.approx(10 * most)
    assert likely_most(np.tile(scores, 8), 192, 12) < most  # type: ignore[operator]
    assert likely_most(scores, 24, 1) < most  # type: ignore[operator]


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert likely_most(np.linspace(0, 1, LEAST_TRIALS - 1), LEAST_TRIALS - 1, 3) is None
    assert likely_most(np.full(20, 0.9), 20, 10) is None
    assert likely_most(np.linspace(0, 1, 20), 20, 0) is None
    trials = [record(number, "COMPLETE", [0.5 + number / 100] * 9) for number in range(16)]
    config = make_config(trials=16, epochs=9)
    assert outlook_of(config, []) is None
    assert outlook_of(make_config(trials=16, epochs=9, sampler="grid"), trials) is None
    assert outlook_of(config, trials[:7]) is None


def test_trials_that_never_came_to_a_rung_or_failed_do_not_count() -> None:
    trials = [record(number, "COMPLETE", [0.5 + number / 100] * 9) for number in range(16)]
    config = make_config(trials=16, epochs=9)
    said = outlook_of(config, trials)
    assert said is not None
    assert said.better == pytest.approx(8 / (16 - 5 + 8)), "without the five random points of the start"
    random = outlook_of(make_config(trials=16, epochs=9, sampler="random"), trials)
    assert random is not None
    assert random.better == pytest.approx(8 / (16 + 8))
    failed = [record(16 + number, "FAIL", [0.99]) for number in range(4)]
    more = outlook_of(config, [*trials, *failed])
    assert more is not None
    assert more.trials == 10
    assert more.better == pytest.approx(10 / (16 - 5 + 10))


def test_nothing_is_said_where_the_best_trial_lies_outside_of_the_space_that_new_ones_are_drawn_from() -> None:
    space = {"epochs": 9, "params": {"p": {"low": 0.0, "high": 1.0}}}
    trials = [record(number, "COMPLETE", [0.5 + number / 100] * 9, p=number / 16) for number in range(16)]
    before = {"space": space, "epochs": 9, "trials": 16, "tried": 0, "defaults": {}}
    for low, high, said in ((0.2, 1.0, True), (0.0, 0.9, False)):
        changed = {**space, "params": {"p": {"low": low, "high": high}}}
        config = make_config(trials=20, epochs=9, space=changed, earlier=[before])
        assert (outlook_of(config, trials) is not None) == said


@pytest.mark.parametrize(("points", "more"), [(16, None), (19, 3), (40, 8)])
def test_there_are_no_more_trials_than_untried_points(points: int, more: int | None) -> None:
    space = {"epochs": 9, "params": {"p": {"low": 1, "high": points}}}
    trials = [record(number, "COMPLETE", [0.5 + number / 100] * 9, p=number + 1) for number in range(16)]
    said = outlook_of(make_config(trials=16, epochs=9, space=space, sampler="random"), trials)
    assert (None if said is None else said.trials) == more


def test_no_score_is_promised_above_one() -> None:
    trials = [record(number, "COMPLETE", [0.8 + number / 80] * 9) for number in range(16)]
    said = outlook_of(make_config(trials=16, epochs=9), trials)
    assert said is not None
    assert said.most <= 1 - trials[-1].score + 1e-12


def test_it_is_told_in_one_line() -> None:
    said = Outlook(trials=8, better=0.42, most=0.00001, confidence=0.9)
    assert "less than 0.0005 (90 % sure)" in said.text()
    assert said.text().startswith("8 more trials would find a better one with a probability of about 42 %")
