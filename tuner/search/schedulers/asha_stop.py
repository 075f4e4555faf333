"""ASHA, stopping variant: that of Ray's AsyncHyperBandScheduler.

A trial that reaches a rung goes on at once if it is among the best third of those that reached it so far, itself
included. Otherwise it ends there. So the first trial always goes on, no trial waits, and no checkpoint is loaded again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tuner.search.schedulers.asha import ETA, rungs
from tuner.search.schedulers.stopping_rule import StoppingRule

RUNGS = 2


@dataclass(frozen=True, kw_only=True)
class StoppingAsha(StoppingRule):
    """See above, and StoppingRule."""

    epochs: int
    """The most epochs of a trial."""

    rule = "only trials among the best third so far continue"

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return rungs(self.epochs, most=RUNGS)

    def most(self, count: int) -> int:
        """See StoppingRule: the best third."""
        return math.ceil(count / ETA)

    def passed(self, reached: float) -> float:
        """About how many of so many trials in a random order pass: the sum of ceil(n / 3) / n."""
        return min(reached, (reached + math.log(reached) + 2) / ETA) if reached >= 1 else 0.0
