"""Intervals, what a model is measured against, and two models on the same samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest
from sklearn.metrics import f1_score, roc_auc_score

from tuner.core.scores import Interval
from tuner.training.score_error import (
    Ints,
    base_scores,
    better_than_base,
    compare_predicted,
    normal_quantile,
    wilson,
)
from tuner.training.score_intervals import auc_interval, f1_interval, loss_interval


@pytest.mark.parametrize(("correct", "samples"), [(353, 359), (25, 48), (0, 30), (30, 30), (1, 1), (9_812, 10_000)])
def test_the_interval_of_an_accuracy_is_wilsons(correct: int, samples: int) -> None:
    expected = binomtest(correct, samples).proportion_ci(0.95, method="wilson")
    assert wilson(correct, samples) == pytest.approx((expected.low, expected.high))


def answers(both: int, only_first: int, only_second: int, neither: int) -> tuple[Ints, Ints, Ints]:
    """Classes that are all 0, and the answers of two models, right for so many samples each."""
    counts = (both, only_first, only_second, neither)
    first, second = np.repeat([0, 0, 1, 1], counts), np.repeat([0, 1, 0, 1], counts)
    return np.zeros(sum(counts), dtype=np.int64), first, second


@pytest.mark.parametrize(
    "counts", [(300, 30, 10, 19), (40, 5, 0, 3), (40, 0, 6, 0), (0, 1, 1, 0), (9000, 500, 400, 100)]
)
def test_two_models_are_compared_by_the_samples_that_one_of_them_gets_right(counts: tuple[int, int, int, int]) -> None:
    _, gained, lost, _ = counts
    found = compare_predicted(*answers(*counts))
    assert found.size == pytest.approx((gained - lost) / sum(counts))
    assert found.p == pytest.approx(binomtest(gained, gained + lost).pvalue)
    assert (found.better or found.worse) == (found.p < 0.05)
    if found.p < 0.05:  # else it is widened to contain 0
        ends = [score_statistic(end, gained, lost, sum(counts)) for end in found.interval]
        assert ends == pytest.approx([normal_quantile(), -normal_quantile()], abs=1e-3)


def score_statistic(difference: float, gained: int, lost: int, samples: int) -> float:
    """Tango's, with the chance of a sample that only the second gets right found by search."""

    def unlikeliness(only_second: float) -> float:
        only_first = only_second + difference
        rest = max(1 - only_first - only_second, 1e-300)
        ways = ((gained, only_first), (lost, only_second), (samples - gained - lost, rest))
        return -float(sum(count * np.log(max(chance, 1e-300)) for count, chance in ways if count))

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    chance = minimize_scalar(unlikeliness, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    variance = samples * (2 * chance + difference - difference**2)
    return float((gained - lost - samples * difference) / np.sqrt(variance))


def test_the_interval_of_a_difference_contains_0_whenever_the_exact_test_sees_none() -> None:
    found = compare_predicted(*answers(20, 5, 0, 5))  # the normal approximation would call this a difference
    assert found.p == pytest.approx(0.0625)
    assert (found.interval.low, found.better) == (0.0, False)


def test_models_that_always_agree_are_equal_as_far_as_the_samples_can_tell() -> None:
    found = compare_predicted(*answers(50, 0, 0, 9))
    assert (found.size, found.p, found.better, found.worse) == (0, 1, False, False)
    assert found.interval.high == pytest.approx(-found.interval.low)
    assert 0.05 < found.interval.high < 0.07


def test_models_are_compared_on_the_same_samples_alone() -> None:
    targets, first, second = answers(100, 20, 2, 10)
    with pytest.raises(ValueError, match="132 classes and predictions for 132 and 131 samples"):
        compare_predicted(targets, first, second[1:])


def test_the_base_always_says_the_class_that_training_has_most_of() -> None:
    targets = np.array([0, 0, 1, 1, 1, 2])
    base = base_scores(np.array([60, 30, 10]), targets)
    assert (base.label, base.roc_auc) == (0, 0.5)
    assert base.accuracy == pytest.approx(1 / 3)
    assert base.macro_f1 == pytest.approx(f1_score(targets, np.zeros(6), average="macro", zero_division=0))
    assert base.loss == pytest.approx(-np.log([0.6, 0.6, 0.3, 0.3, 0.3, 0.1]).mean())
    assert np.isfinite(base_scores(np.array([60, 40, 0]), targets).loss)


def test_a_model_that_corrects_few_samples_and_spoils_none_is_better_than_the_base() -> None:
    targets = np.repeat([0, 1], [900, 100])
    better, same = np.zeros_like(targets), np.zeros_like(targets)
    better[900:910] = 1
    same[890:910] = 1  # corrects as many as it spoils
    assert better_than_base(targets, better, 0)
    assert not better_than_base(targets, same, 0)
    assert wilson(910, 1000).low < wilson(900, 1000).high  # which two intervals side by side could not tell


def test_models_that_guess_are_seldom_better_than_the_base() -> None:
    rng, found = np.random.default_rng(0), []
    for _ in range(1000):
        targets = rng.choice(3, 100, p=[0.5, 0.3, 0.2])
        found.append(better_than_base(targets, np.where(rng.random(100) < 0.9, 0, rng.integers(0, 3, 100)), 0))
    assert np.mean(found) < 0.03


def test_scores_beside_the_intervals_are_those_of_scikit_learn_with_ties_and_classes_that_are_missing() -> None:
    rng = np.random.default_rng(0)
    targets = rng.choice([0, 1, 3], 200)
    probabilities = rng.dirichlet(np.ones(4), 200).round(1)  # many are equal
    probabilities[np.arange(200), targets] += 0.2
    predicted, present = probabilities.argmax(1), [0, 1, 3]
    f1, f1_range = f1_interval(targets, predicted, present)
    auc, auc_range = auc_interval(targets, probabilities, present)
    assert f1 == pytest.approx(f1_score(targets, predicted, labels=present, average="macro"))
    assert auc == pytest.approx(np.mean([roc_auc_score(targets == c, probabilities[:, c]) for c in present]))
    assert f1_range.low < f1 < f1_range.high
    assert auc_range.low < auc < auc_range.high


def test_a_model_without_a_mistake_has_an_error_too() -> None:
    targets = np.arange(30) % 3
    probabilities = np.eye(3)[targets] * 0.9 + 0.1 / 3
    assert f1_interval(targets, targets, [0, 1, 2]) == (1.0, wilson(30, 30))
    area, (low, high) = auc_interval(targets, probabilities, [0, 1, 2])
    assert (area, high) == (1, 1)
    assert 0.9 < low < 0.99
    mean, (low, high) = loss_interval(np.full(30, 0.05), wrong=0, guess=float(np.log(3)))
    assert [mean, low] == pytest.approx([0.05, 0.05])
    assert 0.1 < high < 1


@pytest.mark.parametrize("label", [0, 1])
def test_a_test_set_of_one_class_has_no_order_to_measure(label: int) -> None:
    targets = np.full(20, label)
    assert auc_interval(targets, np.eye(2)[targets], [1]) == (0.5, (0.0, 1.0))


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_a_handful_of_samples_has_intervals(samples: int) -> None:
    losses = np.array([0.1, 3.0, 0.2])[:samples]
    mean, interval = loss_interval(losses, wrong=samples > 1, guess=0.69)
    assert 0 <= interval.low <= mean <= interval.high
    assert np.isfinite(interval).all()
    targets = np.arange(samples) % 2
    assert f1_interval(targets, 1 - targets, np.unique(targets).tolist())[0] == 0
    if samples > 1:
        assert auc_interval(targets, np.eye(2)[targets], [1])[0] == 1
        assert auc_interval(targets, np.eye(2)[1 - targets], [1])[1].low == 0
    assert wilson(0, samples).low == 0
    assert isinstance(wilson(samples, samples), Interval)
