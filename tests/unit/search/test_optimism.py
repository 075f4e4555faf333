"""How much of the best validation score of many trials is luck, against simulated sweeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.common import make_config
from support.made_up_trials import record

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.search.optimism import APART, luck_of_best, optimism
from tuner.search.schedulers.asha import rungs

EPOCHS = 9
CONFIG = make_config(epochs=EPOCHS)
WHOLE = replace(CONFIG, scheduler="none")


def trials(scores: list[float], state: str = "COMPLETE", epochs: int = EPOCHS, first: int = 0) -> list[TrialRecord]:
    return [record(first + place, state, [score] * epochs) for place, score in enumerate(scores)]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 100])
def test_the_largest_of_several_normal_values_is_known(count: int) -> None:
    known = {1: 0, 2: 0.56419, 3: 0.84628, 10: 1.53875, 100: 2.50759}  # tables of order statistics
    assert luck_of_best([0.3] * count, 1.0) == pytest.approx(known[count], abs=1e-4)


def test_the_luck_of_different_means_is_what_draws_give() -> None:
    means, rng = np.array([0.0, 0.5, 0.7, -1.0]), np.random.default_rng(0)
    drawn = means + rng.normal(size=(400_000, 4))
    best = drawn.argmax(axis=1)
    assert luck_of_best(means, 1.0) == pytest.approx((drawn.max(axis=1) - means[best]).mean(), abs=0.005)


@pytest.mark.parametrize("spread", [0.005, 0.02])
@pytest.mark.parametrize(("count", "samples"), [(4, 360), (16, 360), (16, 2000)])
def test_the_estimate_is_what_simulated_sweeps_lose(spread: float, count: int, samples: int) -> None:
    """Models that share a part of their mistakes: what the best score has too much, over that of a model at random."""
    rng = np.random.default_rng(1)
    lost: list[float] = []
    estimated: list[float] = []
    for _ in range(300):
        true = rng.normal(0.9, spread, count).clip(0, 1)
        hard = rng.uniform(size=samples)  # the same for all models: a sample that one has wrong others have, too
        own = rng.uniform(size=(count, samples))
        shared = rng.uniform(size=(count, samples)) < np.sqrt(1 - APART)
        scores = (np.where(shared, hard, own) < true[:, None]).mean(axis=1)
        best = int(scores.argmax())
        lost.append((scores - true)[best] - (scores - true).mean())
        estimated.append(optimism(WHOLE, trials(scores.tolist()), samples) or 0.0)
    error = 3 * np.std(lost) / np.sqrt(len(lost))
    assert np.mean(estimated) == pytest.approx(np.mean(lost), rel=0.3, abs=max(error, 0.001))


def test_a_single_trial_was_not_chosen() -> None:
    assert optimism(CONFIG, trials([0.9]), 100) is None
    assert optimism(CONFIG, [*trials([0.9]), *trials([0.95], "FAIL", first=1)], 100) is None


def test_perfect_and_hopeless_scores_have_luck_too() -> None:
    assert 0 < (optimism(CONFIG, trials([1.0] * 16), 359) or 0) < 0.02
    assert 0 < (optimism(CONFIG, trials([0.0, 0.0]), 3) or 0) < 1


def test_trials_that_were_stopped_early_could_not_have_been_chosen() -> None:
    few = trials([0.9, 0.91])
    early = [*few, *trials([0.8] * 14, "PRUNED", rungs(EPOCHS)[0], first=2)]
    far = [*few, *trials([0.9] * 14, "PRUNED", rungs(EPOCHS)[-1], first=2)]
    assert optimism(CONFIG, early, 100) == optimism(CONFIG, few, 100)
    assert (optimism(CONFIG, far, 100) or 0) > 1.5 * (optimism(CONFIG, few, 100) or 1)


def test_where_nothing_came_as_far_as_the_best_nothing_is_told() -> None:
    alone = [*trials([0.9]), *trials([0.8] * 14, "PRUNED", 1, first=1)]
    assert optimism(CONFIG, alone, 100) is None
    stopped = trials([0.5, 0.6, 0.7], "PRUNED", 1)
    assert optimism(CONFIG, stopped, 100) is None, "the best was stopped early as well"


def test_of_a_trial_that_was_not_chosen_for_its_accuracy_it_is_not_told() -> None:
    by_loss = [replace(trial, goal=Goal.parse("val_loss")) for trial in trials([0.9, 0.91])]
    assert optimism(CONFIG, by_loss, 100) is None


def test_trials_beyond_a_constraint_were_not_chosen_from() -> None:
    goal = Goal.parse("val_accuracy", "val_accuracy<=0.95")
    found = [replace(trial, goal=goal) for trial in trials([0.9, 0.91, 0.99])]
    assert optimism(CONFIG, found, 100) == optimism(CONFIG, trials([0.9, 0.91]), 100)
