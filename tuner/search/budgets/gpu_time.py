"""`--gpu-budget`: how long the trials of a search may hold GPUs."""

from __future__ import annotations

import math
from collections.abc import Callable

from tuner.core.budgets import BudgetState
from tuner.core.units import format_seconds, short_seconds
from tuner.search.budgets.base import Budget


class GpuBudget(Budget):
    """GPU-seconds: the sum over all trials of their GPUs times the seconds from getting a worker to giving it back.

    The time in which a worker starts, saves and fails is part of it; that in which a trial waits at a rung is not.
    """

    name = "gpu_budget"
    reason = "the GPU budget ran out"

    def __init__(self, limit: float, spent: Callable[[], float]) -> None:
        """`limit` is in GPU-seconds, for all runs of the search together; `spent` gives those up to now."""
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
        text = f"{format_seconds(left)} of {format_seconds(self._limit)} of GPU time left"
        more = "" if left else f"--gpu-budget {short_seconds(2 * math.ceil(max(self._limit, self._spent())))}"
        return BudgetState(name=self.name, limit=self._limit, left=left, text=text, more=more)

    @property
    def begun(self) -> str:
        """See Budget."""
        left, of = self._limit - self._spent(), f"the GPU budget of {format_seconds(self._limit)}"
        return f"{format_seconds(left)} of {of} are left" if left > 0 else f"{of} is spent"
