"""`--time-budget`: how long a search may take."""

from __future__ import annotations

from tuner.core.budgets import BudgetState
from tuner.core.units import format_seconds, short_seconds
from tuner.search.budgets.spent import SpentBudget


class TimeBudget(SpentBudget):
    """See Budget."""

    name = "time_budget"
    reason = "the time budget ran out"

    @property
    def state(self) -> BudgetState:
        """See Budget."""
        left = max(0.0, self._limit - self._spent())
        text = f"{format_seconds(left)} of {format_seconds(self._limit)} left"
        more = "" if left else f"--time-budget {short_seconds(self._limit)}"
        return BudgetState(name=self.name, limit=self._limit, left=left, text=text, more=more)
