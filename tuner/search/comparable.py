"""Trials as their sampler compares them: a number for each objective, whatever epoch they have reached.

What was measured before the first epoch is final. Everything else is extrapolated to the last epoch. A trial that
violates a constraint comes after all that violate none, the further the more it violates: a rule that every sampler
understands, and that also holds for a trial that ended before its first epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tuner.core.config import SweepConfig
from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.core.warm_trials import WarmTrials
from tuner.search.extrapolation import Floats
from tuner.search.score_history import Key, Length, ScoreHistory, lengths_of


class Scores(NamedTuple):
    """All scores, comparable, the larger the better."""

    own: Floats
    """(trials, objectives) of the sweep's trials; NaN for those that are not to be compared yet."""
    warm: Floats
    """(warm trials, objectives) of those of an earlier sweep; NaN for those that have been trained again."""
    superseded: frozenset[int]
    """The numbers of the trials whose point was trained again for longer, and has a score there."""


class Comparable:
    """What all trials of a sweep come to."""

    def __init__(
        self, lengths: Sequence[Length], goal: Goal, warm: WarmTrials | None = None, *, key: Key | None = None
    ) -> None:
        """Args:
        lengths: after which epochs trials are compared, see ScoreHistory.
        goal: what they are compared by.
        warm: trials of an earlier sweep with the same goal, which has one objective.
        key: what is equal for two trials of the same point, see ScoreHistory.
        """
        trials, comparable = (warm.trials, warm.comparable) if warm else ((), True)
        self._histories = [
            ScoreHistory(lengths, trials, comparable=comparable, key=key, objective=place)
            for place in range(len(goal.objectives))
        ]
        self._violations: dict[int, float] = {}
        self._ended: set[int] = set()  # of those that violate a constraint: they ended without a score
        self._goal = goal

    def note(self, record: TrialRecord) -> None:
        """Takes what a trial has come to."""
        for history in self._histories:
            history.note(record)
        self._violations.pop(record.number, None)
        if not self._goal.constraints or record.state == "FAIL":
            return
        if violation := self._goal.violation(record.outcome(record.best_epoch)):
            self._violations[record.number] = violation
            if record.ended:
                self._ended.add(record.number)

    def scores(self) -> Scores:
        """What they are now."""
        each = [history.scores() for history in self._histories]
        own = np.stack([one.own for one in each], axis=1)
        warm = np.stack([one.warm for one in each], axis=1)
        if self._violations:
            own = below_the_feasible(own, self._violations, self._ended)
        return Scores(own, warm, each[0].superseded)


def final_scores(config: SweepConfig, records: Sequence[TrialRecord]) -> Floats:
    """(trials, objectives) what a sweep's trials came to: their scores at the last epoch, or extrapolated to it."""
    comparable = Comparable(lengths_of(config), config.goal)
    for record in records:
        comparable.note(record)
    return comparable.scores().own


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
