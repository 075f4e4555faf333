"""Whether a model has learnt anything: what chance does, how strict the test is, and that it sees what is there."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.training.learnt import chance_of_matches, has_learnt


def answers(right: dict[int, tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Classes and predictions: for each of two classes how many samples are right and how many wrong."""
    targets = [label for label, (good, bad) in right.items() for _ in range(good + bad)]
    predicted = [label if n < good else 1 - label for label, (good, bad) in right.items() for n in range(good + bad)]
    return np.array(targets), np.array(predicted)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_chance_is_that_of_the_predictions_in_random_orders(classes: int) -> None:
    rng = np.random.default_rng(0)
    targets, predicted = rng.integers(0, classes, 50), rng.integers(0, classes, 50)
    found = [(targets == rng.permutation(predicted)).sum() for _ in range(20_000)]
    least = (targets == predicted).sum()
    assert chance_of_matches(targets, predicted) == pytest.approx(np.mean(np.array(found) >= least), abs=0.02)


def test_a_model_that_is_good_at_two_equal_classes_has_learnt_and_a_constant_one_has_not() -> None:
    targets, predicted = answers({0: (10, 3), 1: (11, 2)})
    assert has_learnt(targets, predicted, 0)
    assert not has_learnt(targets, np.zeros_like(targets), 0)
    assert not has_learnt(targets, 1 - predicted, 0)


def test_the_best_of_many_must_be_better() -> None:
    targets, predicted = answers({0: (9, 4), 1: (10, 3)})
    assert has_learnt(targets, predicted, 0)
    assert not has_learnt(targets, predicted, 0, chosen_of=50)
    sure, right = answers({0: (30, 2), 1: (30, 2)})
    assert has_learnt(sure, right, 0, chosen_of=1000)


def test_what_knows_something_and_is_less_accurate_than_the_base_is_not_better() -> None:
    targets, predicted = answers({0: (80, 10), 1: (9, 1)})
    assert chance_of_matches(targets, predicted) < 0.001
    assert not has_learnt(targets, predicted, 0)


def test_of_models_that_know_nothing_one_in_twenty_passes_at_most() -> None:
    rng = np.random.default_rng(1)
    passed = sum(has_learnt(rng.integers(0, 2, 40), rng.integers(0, 2, 40), 0) for _ in range(2000))
    assert passed / 2000 <= 0.05
