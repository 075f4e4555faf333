"""Which epoch's weights a training keeps: the last one within one standard error of the best, or within one sample.

That is for the validation accuracy. Where a sweep goes by another metric, the best epoch by that is kept.

The epoch with the highest validation accuracy is often only the luckiest one. The last epochs are trained with the
lowest learning rate, and mostly do better on new samples; docs/search.md has the measurement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tuner.core.objective import PLAIN, Goal

ROUNDING = 1e-9  # of an accuracy


def is_kept(accuracy: float, peak: float, samples: int) -> bool:
    """Whether an epoch is kept in place of an earlier one.

    The epochs of a training are asked about in turn, and the last one that is kept is the one that counts.

    Args:
        accuracy: its validation accuracy, 0 to 1.
        peak: the highest validation accuracy so far, its own included.
        samples: how many validation samples there are.

    >>> is_kept(0.95, 0.97, 100), is_kept(0.94, 0.97, 100), is_kept(0.98, 1.0, 100)
    (False, False, False)
    >>> is_kept(0.96, 0.97, 100), is_kept(0.99, 1.0, 100)
    (True, True)
    """
    error = math.sqrt(peak * (1 - peak) / samples)  # 0 for a peak of 1, which may be luck as well
    return accuracy >= peak - max(error, 1 / samples) - ROUNDING


def choose_kept(
    goal: Goal, new: Mapping[str, float], kept: Mapping[str, float] | None, peak: float, samples: int
) -> tuple[bool, float]:
    """Whether the epoch that has just ended is kept in place of an earlier one.

    One that violates no constraint is kept rather than one that does, whatever else it comes to.

    Args:
        goal: what epochs are compared by.
        new: the metrics of the epoch.
        kept: those of the epoch that is kept so far; None if there is none.
        peak: the best value so far of `goal.watched`, among epochs that fulfill the constraints as well as `kept`.
        samples: how many validation samples there are.

    Returns:
        The answer, and the peak with this epoch.
    """
    value, before = new[goal.watched.name], math.inf if kept is None else goal.violation(kept)
    violation = goal.violation(new)
    if violation != before:
        return (True, value) if violation < before else (False, peak)
    if goal.watched != PLAIN.first:
        better = goal.watched.gain(value) > goal.watched.gain(peak)
        return better, value if better else peak
    peak = max(peak, value)
    return is_kept(value, peak, samples), peak
