"""How sure a score of numbers is, and whether a model is better than no model or than another one.

How often these intervals contain the true value is simulated in tests/unit/training/test_number_error.py.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtr

from tuner.core.scores import CONFIDENCE, Difference, Interval
from tuner.core.target_kind import NUMBERS
from tuner.training.score_error import Floats

RESAMPLES, FEWEST_RESAMPLES = 2000, 200
WORK = 1e8  # samples that are drawn in all: some seconds on two cores
SEED = 0  # the same samples give the same intervals


class Bounded(NamedTuple):
    """A score with its interval."""

    value: float
    interval: Interval


def score_numbers(targets: Floats, predicted: Floats, confidence: float = CONFIDENCE) -> dict[str, Bounded]:
    """R2, RMSE and MAE with intervals by the bootstrap (BCa; B. Efron, Better bootstrap confidence intervals, Journal
    of the American Statistical Association 82, 1987): samples are drawn anew, with their errors.

    Args:
        targets: (samples,) in the unit of the target.
        predicted: (samples,) likewise.
        confidence: of the intervals.
    """
    scale = float(targets.std()) or 1.0
    at, errors = (targets - targets.mean()) / scale, (predicted - targets) / scale
    values = np.stack([errors**2, np.abs(errors), at, at**2], axis=1)

    def scores(means: Floats) -> Floats:
        return np.stack([_r2(means), np.sqrt(means[..., 0]) * scale, means[..., 1] * scale], axis=-1)

    return dict(zip(("r2", "rmse", "mae"), bootstrap(values, scores, confidence), strict=True))


def compare_numbers(targets: Floats, first: Floats, second: Floats, confidence: float = CONFIDENCE) -> Difference:
    """How much higher the R2 of the first of two models is, on the same samples.

    The test is a paired t test of the squared errors (F. X. Diebold and R. S. Mariano, Comparing predictive accuracy,
    Journal of Business & Economic Statistics 13, 1995), and the interval that of `score_numbers`, with both models'
    errors of a sample drawn together. Where the test cannot tell the two apart the interval is widened to contain 0, so
    that the two never disagree.
    """
    if not len(targets) == len(first) == len(second) > 0:
        raise ValueError(f"{len(targets)} numbers and predictions for {len(first)} and {len(second)} samples")
    scale = float(targets.std()) or 1.0
    at = (targets - targets.mean()) / scale
    gains = ((second - targets) / scale) ** 2 - ((first - targets) / scale) ** 2
    values = np.stack([-gains, np.zeros_like(gains), at, at**2], axis=1)
    [found] = bootstrap(values, lambda means: (_r2(means) - 1)[..., None], confidence)
    p = 2 * stdtr(len(gains) - 1, -abs(t_of(gains))) if len(gains) > 1 else 1.0
    low, high = found.interval
    if not p < 1 - confidence:
        low, high = min(low, 0.0), max(high, 0.0)
    return Difference(
        size=found.value, interval=Interval(low, high), p=float(p), samples=len(targets), of=NUMBERS.score
    )


def paired_number_error(targets: Floats, first: Floats, second: Floats) -> float:
    """The standard error of the difference that `compare_numbers` gives: of a mean of differences of squared errors."""
    scale = float(targets.std()) or 1.0
    gains = ((second - targets) / scale) ** 2 - ((first - targets) / scale) ** 2
    return float(gains.std() / sqrt(len(gains)))


def compare_number_samples(first: Bounded, second: Bounded, samples: int) -> Difference:
    """How much higher a first R2 is than a second one on `samples` other samples, from their intervals.

    The squares of the distances to their ends are added, as in `score_error.compare_samples`.
    """
    size = first.value - second.value
    low = size - np.hypot(first.value - first.interval.low, second.interval.high - second.value)
    high = size + np.hypot(first.interval.high - first.value, second.value - second.interval.low)
    error = float(high - low) / 2 / ndtri((1 + CONFIDENCE) / 2)
    p = 2 * ndtr(-abs(size) / error) if error else 1.0
    return Difference(
        size=size, interval=Interval(float(low), float(high)), p=float(p), samples=samples, of=NUMBERS.score
    )


def better_than_number(targets: Floats, predicted: Floats, number: float, confidence: float = CONFIDENCE) -> bool:
    """Whether a model's squared error is smaller than that of always saying `number`, by more than noise."""
    gains = (targets - number) ** 2 - (targets - predicted) ** 2
    return len(gains) > 1 and bool(stdtr(len(gains) - 1, -t_of(gains)) < (1 - confidence) / 2)


def has_learnt_numbers(targets: Floats, predicted: Floats, number: float, chosen_of: int = 1) -> bool:
    """Whether a model is better than always saying `number`, the mean of the training targets, by more than chance.

    As `learnt.has_learnt`: it must pass a level as many times as strict as there were models to choose from. It does so
    by its squared error, or by a correlation of its answers with the targets, which notices a weak model in fewer
    samples; and its squared error must be the smaller one at any rate.
    """
    if not float(((targets - predicted) ** 2).mean()) < float(((targets - number) ** 2).mean()):
        return False
    risk = (1 - CONFIDENCE) / chosen_of
    if better_than_number(targets, predicted, number, 1 - risk):
        return True
    if len(targets) < 3 or predicted.min() == predicted.max() or targets.min() == targets.max():
        return False
    from scipy.stats import pearsonr  # noqa: PLC0415 - takes a second, and classes need none

    return bool(pearsonr(targets, predicted, alternative="greater").pvalue < risk / 2)


def t_of(gains: Floats) -> float:
    """The mean in standard errors; infinite where all are the same and not 0."""
    mean, error = float(gains.mean()), float(gains.std(ddof=1)) / sqrt(len(gains))
    if error > 0:
        return mean / error
    return float(np.sign(mean)) * np.inf if mean else 0.0


def bootstrap(values: Floats, scores: Callable[[Floats], Floats], confidence: float = CONFIDENCE) -> list[Bounded]:
    """Scores that are functions of means over samples, with BCa intervals.

    Args:
        values: (samples, n) what the means are taken of.
        scores: (..., n) means to (..., scores).
        confidence: of the intervals.
    """
    samples, found = len(values), scores(values.mean(0))
    if samples < 2:
        return [Bounded(float(each), Interval(-np.inf, np.inf)) for each in found]
    resamples = int(min(RESAMPLES, max(FEWEST_RESAMPLES, WORK / samples)))
    rng = np.random.default_rng(SEED)
    means = np.stack([values[rng.integers(samples, size=samples)].mean(0) for _ in range(resamples)])
    left_out = scores((values.sum(0) - values) / (samples - 1))  # jackknife
    drawn = scores(means)
    return [
        Bounded(float(value), _bca(float(value), drawn[:, at], left_out[:, at], confidence))
        for at, value in enumerate(found)
    ]


def _bca(value: float, drawn: Floats, left_out: Floats, confidence: float) -> Interval:
    away = left_out.mean() - left_out
    size = float((away**2).sum()) ** 1.5
    acceleration = float((away**3).sum()) / (6 * size) if size > 0 else 0.0
    below = (float((drawn < value).sum()) + float((drawn == value).sum()) / 2) / len(drawn)
    bias = float(ndtri(min(max(below, 1 / (len(drawn) + 1)), len(drawn) / (len(drawn) + 1))))
    ends = []
    for quantile in ((1 - confidence) / 2, (1 + confidence) / 2):
        shifted = bias + float(ndtri(quantile))
        ends.append(float(ndtr(bias + shifted / max(1e-6, 1 - acceleration * shifted))))
    low, high = np.quantile(drawn, ends)
    return Interval(min(float(low), value), max(float(high), value))


def _r2(means: Floats) -> Floats:
    """1 - MSE / variance, from the means of the squared errors and, last, of the targets and their squares."""
    variance = means[..., -1] - means[..., -2] ** 2
    unexplained = means[..., 0] / np.maximum(variance, 1e-12)
    return np.asarray(1 - np.where((means[..., 0] == 0) & (variance <= 1e-12), 0.0, unexplained))
