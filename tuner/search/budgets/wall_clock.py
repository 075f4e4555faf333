"""`--time-budget`: how long a search may take."""

from __future__ import annotations

from collections.abc import Callable

from tuner.core.budgets import BudgetState
from tuner.core.units import format_seconds, short_seconds
from tuner.search.budgets.base import Budget


class TimeBudget(Budget):
    """See Budget."""

    name = "time_budget"
    reason = "the time budget ran out"

    def __init__(self, limit: float, spent: Callable[[], float]) -> None:
        """`limit` is in seconds, for all runs of the search together; `spent` gives those up to now."""
        self._limit = limit
        self._spent = spent

    @property
    def over(self) -> bool:
        """See Budget."""
        return self._spent() >= self._limit

    @property
    def state(self) -> BudgetState:
        """See Budget."""
        left = max(0.0, self._limit - self._spent())
        text = f"{format_seconds(left)} of {format_seconds(self._limit)} left"
        more = "" if left else f"--time-budget {short_seconds(self._limit)}"
        return BudgetState(name=self.name, limit=self._limit, left=left, text=text, more=more)

    @property
    def begun(self) -> str:
        """See Budget."""
        left, of = self._limit - self._spent(), f"the time budget of {format_seconds(self._limit)}"
        return f"{format_seconds(left)} of {of} are left" if left > 0 else f"{of} is spent"
