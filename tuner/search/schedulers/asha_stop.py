"""ASHA, stopping variant: that of Ray's AsyncHyperBandScheduler.

A trial that reaches a rung goes on at once if it is among the best third of those that reached it so far, itself
included. Otherwise it ends there. So the first trial always goes on, no trial waits, and no checkpoint is loaded again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tuner.search.schedulers.asha import ETA, rungs
from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.ladder import Ladder, Rung


@dataclass(frozen=True, kw_only=True)
class StoppingAsha(Scheduler):
    """See above, and Scheduler."""

    epochs: int
    """The most epochs of a trial."""

    waits = False
    rule = "only trials among the best third so far continue"

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return rungs(self.epochs)

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:  # noqa: ARG002
        """See Scheduler."""
        return ladder.passing(_passes)

    def going_on(self, reached: float, arriving: float, begun: float) -> float:  # noqa: ARG002
        """See Scheduler."""
        return _passed(reached) - _passed(reached - arriving)


def _passes(rung: Rung, number: int) -> bool:
    """Whether the trial is among the best third of those that had reached the rung when it came."""
    before = rung.before(number)
    better = sum(rank > rung.ranks[number] for rank in before)
    return better < math.ceil((len(before) + 1) / ETA)


def _passed(reached: float) -> float:
    """About how many of so many trials in a random order pass: the sum of ceil(n / 3) / n."""
    return min(reached, (reached + math.log(reached) + 2) / ETA) if reached >= 1 else 0.0
