"""The intervals of macro F1, ROC AUC and loss, and the spread that each sample gives them.

No resampling: a bootstrap of 30 samples misses the true value of a good model's AUC in 85 of 100 cases, since a test
set without a mistake has nothing to resample, and that of 10 classes takes seconds. These take the spread from each
sample's influence on the score (the infinitesimal jackknife), and a form of interval that holds at the ends of the
scale. tests/unit/training/test_score_coverage.py simulates them, with what remains for 30 samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt

import numpy as np
from scipy.special import stdtrit

from tuner.core.scores import CONFIDENCE, Interval
from tuner.training.score_error import Floats, Ints, normal_quantile, wilson


def f1_interval(
    targets: Ints, predicted: Ints, classes: Sequence[int], confidence: float = CONFIDENCE
) -> tuple[float, Interval]:
    """The mean F1 over `classes`, each of which has samples, and its interval.

    The interval is Wilson's for as many samples as would give a share of this size the same standard error, as in
    samples of surveys (P. S. Kott and D. A. Carr, Journal of Official Statistics 13, 1997). These are at most as many
    as the classes' numbers of samples allow: a mean over classes is no surer than its smallest classes.
    """
    most = int(max(targets.max(), predicted.max(), *classes)) + 1
    right = np.bincount(targets[targets == predicted], minlength=most)
    support = np.bincount(targets, minlength=most)
    both = support + np.bincount(predicted, minlength=most)  # F1 = 2 right / both
    f1, weight = 2 * right / np.maximum(both, 1), np.zeros(most)
    weight[classes] = 1 / (np.maximum(both[classes], 1) * len(classes))
    influence = 2 * (targets == predicted) * weight[targets] - (f1 * weight)[targets] - (f1 * weight)[predicted]
    mean, variance = float(f1[classes].mean()), float((influence**2).sum())
    worth = len(classes) ** 2 / float((1 / support[classes]).sum())
    if variance > 0:
        worth = min(worth, mean * (1 - mean) / variance) or worth
    return mean, wilson(mean * worth, worth, confidence)


def auc_interval(
    targets: Ints, probabilities: Floats, classes: Sequence[int], confidence: float = CONFIDENCE
) -> tuple[float, Interval]:
    """The mean area under the ROC curves of `classes`, each against the rest, and its interval.

    The spread is that of DeLong and others (Biometrics 44, 1988), over all classes at once, and the interval is
    symmetric in the log odds, so that it stays below 1. For the lower end one pair of samples of each class, its lowest
    and the highest of the rest, counts as in the wrong order: where none is, the area's own spread would be 0. Samples
    with equal probabilities count as half in order.

    Args:
        targets: (samples,) true classes.
        probabilities: (samples, all classes).
        classes: those that the mean is over, without those that have no sample, or have all of them. Where none is left
            there is nothing to put in order: the area is 0.5, and may be anything.
    """
    classes = [label for label in classes if 0 < (targets == label).sum() < len(targets)]
    if not classes:
        return 0.5, Interval(0.0, 1.0)
    influence, doubt = np.zeros(len(targets)), np.zeros(len(targets))
    area = doubted = 0.0
    for label in classes:
        own, score = np.flatnonzero(targets == label), probabilities[:, label]
        rest = np.flatnonzero(targets != label)
        above, below = _share_below(score[own], score[rest]), 1 - _share_below(score[rest], score[own])
        area += float(above.mean()) / len(classes)
        for members, share in ((own, above), (rest, below)):
            few = sqrt(len(members) / max(1, len(members) - 1))
            influence[members] += few * (share - share.mean()) / (len(members) * len(classes))
        pair = 1 / (len(own) * len(rest) * len(classes))
        doubted += pair
        doubt[own[score[own].argmin()]] -= pair
        doubt[rest[score[rest].argmax()]] -= pair
    z = normal_quantile(confidence)
    low = _on_log_odds(area - doubted, -z * float(np.linalg.norm(influence + doubt)))
    high = max(area, _on_log_odds(area, z * float(np.linalg.norm(influence))))
    return area, Interval(min(low, area), high)


def loss_interval(losses: Floats, wrong: int, guess: float, confidence: float = CONFIDENCE) -> tuple[float, Interval]:
    """The mean of the (samples,) losses, and its interval.

    Losses are skewed: most are small and a few mistakes are large. The interval is Student's with P. Hall's
    transformation (Journal of the Royal Statistical Society B 54, 1992), which corrects for that.

    Args:
        losses: (samples,) cross-entropies in nats.
        wrong: how many samples are misclassified. Where none is, the loss of a mistake has not been seen, and the upper
            end counts one sample more, with the loss of a guess.
        guess: the cross-entropy of a guess, log(classes).
    """
    mean = float(losses.mean())
    if len(losses) < 2:
        return mean, Interval(0.0, max(mean, guess))
    low, high = _hall(losses, confidence)
    if not wrong:
        high = _hall(np.append(losses, guess), confidence).high
    return mean, Interval(max(0.0, min(low, mean)), max(high, mean))


def _share_below(values: Floats, others: Floats) -> Floats:
    """For each value the share of `others` that are below it; equal ones count half."""
    others = np.sort(others)
    below = np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")
    return np.asarray(below / (2 * len(others)))


def _on_log_odds(share: float, deviation: float) -> float:
    """The share that lies a deviation away, measured on log odds."""
    if not 0 < share < 1:
        return min(1.0, max(0.0, share))
    away = log(share / (1 - share)) + deviation / (share * (1 - share))
    return 1 / (1 + exp(-away)) if away > -700 else 0.0


def _hall(values: Floats, confidence: float) -> Interval:
    samples, mean = len(values), float(values.mean())
    error = float(values.std(ddof=1)) / sqrt(samples)
    if error < 1e-12 * max(1.0, abs(mean)):
        return Interval(mean, mean)
    skew = float(((values - mean) ** 3).mean()) / float(values.std()) ** 3 / sqrt(samples)

    def corrected(deviation: float) -> float:
        """Where the studentised mean has the probability that the normal one has at `deviation`."""
        if abs(skew) < 1e-6:
            return deviation
        return float(np.cbrt(1 + skew * (deviation - skew / 6)) - 1) * 3 / skew

    quantile = float(stdtrit(samples - 1, (1 + confidence) / 2))
    return Interval(mean - error * corrected(quantile), mean - error * corrected(-quantile))
