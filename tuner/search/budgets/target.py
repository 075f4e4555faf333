"""`--target-score`: the score that is good enough.

SageMaker's TargetObjectiveMetricValue.
"""

from __future__ import annotations

from tuner.core.budgets import BudgetState
from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.search.budgets.base import Budget


class TargetScore(Budget):
    """Is over when the kept epoch of a trial that did not fail has this score, and violates no constraint.

    With two objectives it is the first one's.
    """

    name = "target_score"
    reason = "the target score was reached"

    def __init__(self, limit: float, goal: Goal) -> None:
        self._limit, self._objective = limit, goal.first
        self._scores: dict[int, float] = {}  # by trial
        self._over = False

    def note(self, record: TrialRecord) -> None:
        """See Budget."""
        if record.feasible:
            self._scores[record.number] = record.score
            self._over = self._over or self._above(record.score) >= 0
        else:
            self._scores.pop(record.number, None)

    @property
    def over(self) -> bool:
        """See Budget."""
        return self._over

    def _above(self, score: float) -> float:
        """By how much a score is better than the target."""
        return self._objective.gain(score) - self._objective.gain(self._limit)

    @property
    def _best(self) -> float | None:
        return max(self._scores.values(), key=self._objective.gain, default=None)

    @property
    def _harder(self) -> float:
        """A target that is not reached yet: half of the way that is left to 1 or to 0."""
        reached = self._limit if self._best is None else max(self._limit, self._best, key=self._objective.gain)
        if self._objective.direction == "min":
            return reached / 2
        return (1 + reached) / 2 if reached < 1 else 2 * reached

    @property
    def state(self) -> BudgetState:
        """See Budget."""
        best = self._best
        left = None if best is None else max(0.0, -self._above(best))
        text = f"target {self._objective.name} {self._limit:g}"
        if left:
            text += f" ({left:.2g} {'above' if self._objective.direction == 'max' else 'below'} the best)"
        more = f"--target-score {self._harder:.4g}" if self._over else ""
        return BudgetState(name=self.name, limit=self._limit, left=left, text=text, more=more)

    @property
    def begun(self) -> str:
        """See Budget."""
        best = self._best
        so_far = "" if best is None else f": the best so far is {best:.4f}"
        return f"the target score is {self._limit:g}{so_far}"
