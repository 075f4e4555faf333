"""How much of the best validation score of many trials is luck, against simulated sweeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.made_up_trials import record

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.search.optimism import expected_largest, optimism


def trials(scores: list[float], state: str = "COMPLETE") -> list[TrialRecord]:
    return [record(number, state, [score]) for number, score in enumerate(scores)]


def test_the_largest_of_several_normal_values_is_known() -> None:
    found = [expected_largest(count) for count in (1, 2, 3, 10, 100)]
    assert found == pytest.approx([0, 0.56419, 0.84628, 1.53875, 2.50759], abs=1e-4)  # tables of order statistics


@pytest.mark.parametrize("spread", [0.0, 0.005, 0.02])
@pytest.mark.parametrize(("count", "samples"), [(4, 360), (16, 360), (60, 360), (16, 2000)])
def test_the_estimate_is_what_simulated_sweeps_lose(spread: float, count: int, samples: int) -> None:
    """Trials with true accuracies around 0.9, validated on as many samples: what the best score has too much."""
    rng = np.random.default_rng(1)
    lost: list[float] = []
    estimated: list[float] = []
    for _ in range(200):
        true = rng.normal(0.9, spread, count).clip(0, 1)
        scores = rng.binomial(samples, true) / samples
        best = int(scores.argmax())
        lost.append(scores[best] - true[best])
        estimated.append(optimism(trials(scores.tolist()), samples) or 0.0)
    assert np.mean(estimated) == pytest.approx(np.mean(lost), rel=0.25, abs=0.001)


def test_a_single_trial_was_not_chosen() -> None:
    assert optimism(trials([0.9]), 100) is None
    assert optimism([*trials([0.9]), *trials([0.95], "FAIL")], 100) is None


def test_perfect_and_hopeless_scores_have_luck_too() -> None:
    assert 0 < (optimism(trials([1.0] * 16), 359) or 0) < 0.02
    assert 0 < (optimism(trials([0.0, 0.0]), 3) or 0) < 1


def test_pruned_trials_count_among_those_that_were_chosen_from() -> None:
    few, many = trials([0.9, 0.91]), [*trials([0.9, 0.91]), *trials([0.8] * 14, "PRUNED")]
    assert (optimism(many, 100) or 0) > (optimism(few, 100) or 1)


def test_of_a_trial_that_was_not_chosen_for_its_accuracy_it_is_not_told() -> None:
    by_loss = [replace(trial, goal=Goal.parse("val_loss")) for trial in trials([0.9, 0.91])]
    assert optimism(by_loss, 100) is None


def test_trials_beyond_a_constraint_were_not_chosen_from() -> None:
    goal = Goal.parse("val_accuracy", "val_accuracy<=0.95")
    found = [replace(trial, goal=goal) for trial in trials([0.9, 0.91, 0.99])]
    assert optimism(found, 100) == optimism(trials([0.9, 0.91]), 100)
