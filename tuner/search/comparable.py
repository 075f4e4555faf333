"""Trials as their sampler compares them: a number for each objective, whatever epoch they have reached.

What was measured before the first epoch is final. Everything else is extrapolated to the last epoch. A trial that
violates a constraint comes after all that violate none, the further the more it violates: a rule that every sampler
understands, and that also holds for a trial that ended before its first epoch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.search.extrapolation import Floats, ScoreTable


class Comparable:
    """What all trials of a sweep come to."""

    def __init__(self, levels: Sequence[int], goal: Goal) -> None:
        """`levels` are the epochs after which trials are compared, see ScoreTable."""
        self._tables = [ScoreTable(levels, place) for place in range(len(goal.objectives))]
        self._violations: dict[int, float] = {}
        self._ended: set[int] = set()  # of those that violate a constraint: they ended without a score
        self._goal = goal

    def note(self, record: TrialRecord) -> None:
        """Takes what a trial has come to."""
        for table in self._tables:
            table.note(record)
        self._violations.pop(record.number, None)
        if not self._goal.constraints or record.state == "FAIL":
            return
        if violation := self._goal.violation(record.outcome(record.best_epoch)):
            self._violations[record.number] = violation
            if record.ended:
                self._ended.add(record.number)

    def gains(self) -> Floats:
        """(trials, objectives) numbers, the larger the better; NaN for trials that are not to be compared yet."""
        found = np.stack([table.extrapolated() for table in self._tables], axis=1)
        return below_the_feasible(found, self._violations, self._ended) if self._violations else found


def below_the_feasible(gains: Floats, violations: dict[int, float], ended: set[int]) -> Floats:
    """Puts the trials that violate a constraint below all others, in the order of their violations.

    Args:
        gains: (trials, objectives) numbers, NaN for trials that have none.
        violations: by the number of a trial.
        ended: those of them that get a number also where they have none.

    >>> nan = float("nan")
    >>> below_the_feasible(np.array([[0.5], [0.9], [nan], [0.75], [nan]]), {1: 2.0, 2: 1.0}, {2}).ravel().tolist()
    [0.5, 0.25, 0.375, 0.75, nan]
    """
    known: NDArray[np.bool_] = ~np.any(np.isnan(gains), axis=1)
    numbers = [number for number in violations if known[number] or number in ended]
    known[list(violations)] = False
    worst, span = (0.0, 1.0) if not known.any() else (gains[known].min(0), np.ptp(gains[known], axis=0))
    span = np.where(span > 0, span, 1.0)
    most = max(violations.values())
    found = gains.copy()
    found[list(violations)] = np.nan
    for number in numbers:
        found[number] = worst - span * (violations[number] / most) * (1.0 if known.any() else most)
    return found
