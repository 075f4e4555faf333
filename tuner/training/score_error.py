"""How sure a score is, and whether it is better than no model or than another model's.

How often these intervals contain the true value is simulated in tests/unit/training/test_score_coverage.py.
"""

from __future__ import annotations

from collections.abc import Callable
from math import hypot, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from tuner.core.scores import CONFIDENCE, Base, Difference, Interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """The number of standard errors on either side of a normal estimate."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(correct: float, samples: float, confidence: float = CONFIDENCE) -> Interval:
    """The interval of a share, `correct` of `samples` (at least 1), by Wilson (1927).

    Unlike the share's own standard error it holds near 0 and 1 and for few samples: a score that happened to be 1 has
    an error too. Both arguments may be fractions, for scores that are worth as much as so many samples.
    """
    z2, share = normal_quantile(confidence) ** 2, correct / samples
    middle = (share + z2 / (2 * samples)) / (1 + z2 / samples)
    half = sqrt(z2 * (share * (1 - share) / samples + z2 / (4 * samples**2))) / (1 + z2 / samples)
    return Interval(max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share)))


def base_scores(train_counts: Ints, targets: Ints) -> Base:
    """The scores on a split without a model.

    Args:
        train_counts: (classes,) how many samples of each class the training split has.
        targets: (samples,) the true classes of the split that is scored.

    A class without a training sample counts as half of one, since the loss would be infinite.
    """
    label = int(train_counts.argmax())
    said = int((targets == label).sum())
    shares = np.maximum(train_counts, 0.5) / np.maximum(train_counts, 0.5).sum()
    return Base(
        label=label,
        accuracy=said / len(targets),
        macro_f1=2 * said / (len(targets) + said) / len(np.unique(targets)),  # all other classes have an F1 of 0
        roc_auc=0.5,
        loss=float(-np.log(shares[targets]).mean()),
    )


def better_than_base(targets: Ints, predicted: Ints, label: int, confidence: float = CONFIDENCE) -> bool:
    """Whether a model is more accurate than always saying class `label`, by more than noise.

    Both answer the same samples, so only those count where one is right and the other wrong. Between equals each of
    these is a coin toss: see `compare_predicted`. Two intervals side by side would be blind to what the two share: a
    model that corrects 10 of 1,000 answers and spoils none is better, though the intervals overlap.

    Args:
        targets: (samples,) true classes.
        predicted: (samples,) the model's classes.
        label: the class that the training split has most of.
    """
    return compare_predicted(targets, predicted, np.full_like(targets, label), confidence).better


def compare_predicted(targets: Ints, first: Ints, second: Ints, confidence: float = CONFIDENCE) -> Difference:
    """How much more accurate the first of two models is, from their (samples,) predicted classes.

    The test is McNemar's, exact: among the samples that only one of the two gets right, each is as likely to be the
    first as the second if they are equally good. Its normal approximation would call 4 samples to 0 a difference. The
    interval is Tango's (1998), which inverts the score test and holds for few samples and near 0 and 1. Where the
    exact test cannot tell the two apart the interval is widened to contain 0, so that the two never disagree.
    """
    targets, first, second = (np.asarray(values) for values in (targets, first, second))
    if not len(targets) == len(first) == len(second) > 0:
        raise ValueError(f"{len(targets)} classes and predictions for {len(first)} and {len(second)} samples")
    gained = int(((first == targets) & (second != targets)).sum())
    lost = int(((first != targets) & (second == targets)).sum())
    p = min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))
    interval = _tango(gained, lost, len(targets), normal_quantile(confidence))
    if p >= 1 - confidence:
        interval = Interval(min(interval.low, 0.0), max(interval.high, 0.0))
    return Difference(size=(gained - lost) / len(targets), interval=interval, p=p, samples=len(targets))


def compare_samples(correct: float, samples: int, other_correct: float, other_samples: int) -> Difference:
    """How much higher an accuracy is on `samples` than one on other samples.

    The interval combines those of the two accuracies (R. Newcombe, Interval estimation for the difference between
    independent proportions, Statistics in Medicine 17, 1998, method 10).
    """
    first, second = correct / samples, other_correct / other_samples
    of_first, of_second = wilson(correct, samples), wilson(other_correct, other_samples)
    difference = first - second
    low = difference - hypot(first - of_first.low, of_second.high - second)
    high = difference + hypot(of_first.high - first, second - of_second.low)
    pooled = (correct + other_correct) / (samples + other_samples)
    error = sqrt(pooled * (1 - pooled) * (1 / samples + 1 / other_samples))
    p = 2 * NormalDist().cdf(-abs(difference) / error) if error else 1.0
    return Difference(size=difference, interval=Interval(low, high), p=p, samples=other_samples)


def paired_error(targets: Ints, first: Ints, second: Ints) -> float:
    """The standard error of the difference that `compare_predicted` gives.

    That of a mean over samples, each worth 1, 0 or -1 as the first, both or neither, or the second model is right.
    """
    gained = (first == targets).astype(np.float64) - (second == targets)
    return float(gained.std() / sqrt(len(gained)))


def _tango(gained: int, lost: int, samples: int, z: float) -> Interval:
    """The interval of (gained - lost) / samples.

    T. Tango, Equivalence test and confidence interval for the difference in proportions for the paired-sample design,
    Statistics in Medicine 17 (1998).
    """

    def deviation(difference: float) -> float:
        """By how many standard errors the samples lie above this true difference."""
        b = (2 * samples - gained + lost) * difference - gained - lost
        root = sqrt(max(0.0, b * b + 8 * samples * lost * difference * (1 - difference)))
        only_second = (root - b) / (4 * samples)
        variance = samples * (2 * only_second + difference * (1 - difference))
        above = gained - lost - samples * difference
        return above / sqrt(variance) if variance > 0 else float(np.sign(above)) * np.inf

    found = (gained - lost) / samples
    low = _crossing(lambda difference: deviation(difference) < z, -1.0, found)
    high = _crossing(lambda difference: deviation(difference) < -z, found, 1.0)
    return Interval(low, high)


def _crossing(beyond: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds at `high`, and from some point on, begins to hold."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return (low + high) / 2
