"""`--epoch-budget`: how many epochs all trials of a search may train together."""

from __future__ import annotations

from tuner.core.budgets import BudgetState
from tuner.core.records import TrialRecord
from tuner.core.units import counted
from tuner.search.budgets.base import Budget


class EpochBudget(Budget):
    """Counts the epochs in the study, each once: one that is trained again after a crash costs nothing."""

    name = "epoch_budget"
    reason = "the epoch budget ran out"

    def __init__(self, limit: int) -> None:
        """`limit` is for all runs of the search together."""
        self._limit = limit
        self._epochs: dict[int, int] = {}  # by trial
        self._used = 0

    def note(self, record: TrialRecord) -> None:
        """See Budget."""
        self._used += len(record.metrics) - self._epochs.get(record.number, 0)
        self._epochs[record.number] = len(record.metrics)

    @property
    def over(self) -> bool:
        """See Budget."""
        return self._used >= self._limit

    def room(self, running: int) -> bool:
        """See Budget. Each running trial will report one more epoch, so that there are never more than the limit."""
        return self._used + running < self._limit

    @property
    def state(self) -> BudgetState:
        """See Budget."""
        left = max(0, self._limit - self._used)
        text = f"{left} of {counted(self._limit, 'epoch')} left"
        more = "" if left else f"--epoch-budget {2 * max(self._limit, self._used)}"
        return BudgetState(name=self.name, limit=self._limit, left=left, text=text, more=more)

    @property
    def begun(self) -> str:
        """See Budget."""
        left, of = self._limit - self._used, f"the epoch budget of {counted(self._limit, 'epoch')}"
        return f"{left} of {of} are left" if left > 0 else f"{of} is used up: {self._used} are trained"
