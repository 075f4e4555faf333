"""`--target-score`: the score that is good enough.

SageMaker's TargetObjectiveMetricValue.
"""

from __future__ import annotations

from tuner.core.budgets import BudgetState
from tuner.core.records import SCORE, TrialRecord
from tuner.search.budgets.base import Budget


class TargetScore(Budget):
    """Is over when the kept epoch of a trial that did not fail has this score."""

    name = "target_score"
    reason = "the target score was reached"

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._scores: dict[int, float] = {}  # by trial
        self._over = False

    def note(self, record: TrialRecord) -> None:
        """See Budget."""
        if record.ranked:
            self._scores[record.number] = record.best.score
            self._over = self._over or record.best.score >= self._limit
        else:
            self._scores.pop(record.number, None)

    @property
    def over(self) -> bool:
        """See Budget."""
        return self._over

    @property
    def _best(self) -> float | None:
        return max(self._scores.values(), default=None)

    @property
    def state(self) -> BudgetState:
        """See Budget."""
        best = self._best
        left = None if best is None else max(0.0, self._limit - best)
        text = f"target {SCORE} {self._limit:g}"
        if left:
            text += f" ({left:.2g} above the best)"
        more = f"--target-score {(1 + max(best or 0.0, self._limit)) / 2:.4g}" if self._over else ""
        return BudgetState(name=self.name, limit=self._limit, left=left, text=text, more=more)

    @property
    def begun(self) -> str:
        """See Budget."""
        best = self._best
        so_far = "" if best is None else f": the best so far is {best:.4f}"
        return f"the target score is {self._limit:g}{so_far}"
