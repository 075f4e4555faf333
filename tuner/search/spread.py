"""The mean of a score over several trainings, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import mean, stdev

from tuner.core.confirmation import Spread
from tuner.core.scores import CONFIDENCE, Interval


def spread_of(values: Sequence[float], *, overlap: float = 0.0, most: float = 1.0, least: float = 0.0) -> Spread:
    """Mean, standard deviation (n - 1) and the mean's interval by Student's t: mean +- t(n - 1) sd sqrt(1 / n).

    Args:
        values: the score of each training, at least one.
        overlap: where each training was validated on another part of the same samples, the ratio of validation to
            training samples, which takes its place beside 1 / n. Such scores are not independent, since the trainings
            share most of their samples (Nadeau and Bengio, Inference for the generalization error, 2003).
        most: the highest value that the score can have.
        least: the lowest one.
    """
    center = mean(values)
    if len(values) < 2:
        return Spread(values=tuple(values), mean=center)
    from scipy.special import stdtrit  # noqa: PLC0415 - `tuner status` mostly needs none

    deviation = stdev(values)
    half = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * deviation * sqrt(1 / len(values) + overlap)
    interval = Interval(max(least, center - half), min(most, center + half))
    return Spread(values=tuple(values), mean=center, sd=deviation, interval=interval)
