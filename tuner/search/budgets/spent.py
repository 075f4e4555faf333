"""What budgets of time have in common."""

from __future__ import annotations

from collections.abc import Callable

from tuner.core.budget_text import budget_words
from tuner.core.units import format_seconds
from tuner.search.budgets.base import Budget


class SpentBudget(Budget):
    """A budget of seconds, or of GPU-seconds, that a clock spends."""

    def __init__(self, limit: float, spent: Callable[[], float]) -> None:
        """`limit` is for all runs of the search together; `spent` gives what they have used up to now."""
        self._limit = limit
        self._spent = spent

    @property
    def over(self) -> bool:
        """See Budget."""
        return self._spent() >= self._limit

    @property
    def begun(self) -> str:
        """See Budget."""
        left, of = self._limit - self._spent(), f"{budget_words(self.name)} of {format_seconds(self._limit)}"
        return f"{format_seconds(left)} of {of} are left" if left > 0 else f"{of} is spent"
