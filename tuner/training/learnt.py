"""Whether a model has learnt anything, or came about by chance: the best of many that know nothing looks good."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np

from tuner.core.scores import CONFIDENCE
from tuner.training.score_error import Ints, better_than_base


def has_learnt(targets: Ints, predicted: Ints, label: int, chosen_of: int = 1) -> bool:
    """Whether a model is more accurate than always saying class `label`, and that by more than chance.

    Args:
        targets: (samples,) true classes.
        predicted: (samples,) the model's classes.
        label: the class that the training split has most of.
        chosen_of: the model has the best score on these samples of so many. The best of 16 that know nothing reaches
            one level of significance in twenty by luck, so that it must pass a level 16 times as strict (Bonferroni).

    There are two ways to be better: to gain more samples over the constant answer than to lose (`better_than_base`), or
    to match the classes more often than the same answers in a random order would. The second one notices a model that
    is good at both of two equally frequent classes in fewer samples.
    """
    if float((predicted == targets).mean()) <= float((targets == label).mean()):
        return False
    risk = (1 - CONFIDENCE) / chosen_of
    return better_than_base(targets, predicted, label, 1 - risk) or chance_of_matches(targets, predicted) < risk / 2


def chance_of_matches(targets: Ints, predicted: Ints) -> float:
    """How often the predictions in a random order would match the targets at least as often as they do.

    Exact for two classes, by the hypergeometric distribution; for more the normal approximation with the mean and
    variance over all orders.
    """
    matches, samples = int((targets == predicted).sum()), len(targets)
    classes = np.union1d(targets, predicted)
    true = np.array([(targets == each).sum() for each in classes], dtype=np.float64)
    said = np.array([(predicted == each).sum() for each in classes], dtype=np.float64)
    if len(classes) <= 2:
        from scipy.stats import hypergeom  # noqa: PLC0415 - takes a second

        both = (matches - samples + true[0] + said[0]) / 2  # samples of the first class that are called so
        return float(hypergeom.sf(both - 1, samples, true[0], said[0]))
    mean = float((true * said).sum()) / samples
    pairs = float((true * said).sum()) ** 2 - float((true * said * (true + said)).sum())
    variance = mean + (pairs + float((true * said).sum())) / (samples * (samples - 1)) - mean**2
    if variance <= 0:
        return 1.0
    return 1 - NormalDist().cdf((matches - 0.5 - mean) / sqrt(variance))
