"""`--gpu-budget`: how long the trials of a search may hold GPUs."""

from __future__ import annotations

import math

from tuner.core.budgets import BudgetState
from tuner.core.units import format_seconds, short_seconds
from tuner.search.budgets.spent import SpentBudget


class GpuBudget(SpentBudget):
    """GPU-seconds: the sum over all trials of their GPUs times the seconds from getting a worker to giving it back.

    The time in which a worker starts, saves and fails is part of it; that in which a trial waits at a rung is not.
    """

    name = "gpu_budget"
    reason = "the GPU budget ran out"

    @property
    def state(self) -> BudgetState:
        """See Budget."""
        left = max(0.0, self._limit - self._spent())
        text = f"{format_seconds(left)} of {format_seconds(self._limit)} of GPU time left"
        more = "" if left else f"--gpu-budget {short_seconds(2 * math.ceil(max(self._limit, self._spent())))}"
        return BudgetState(name=self.name, limit=self._limit, left=left, text=text, more=more)
