"""No stopping: every trial trains all its epochs."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.ladder import Ladder


@dataclass(frozen=True)
class WholeTrials(Scheduler):
    """Compares no trials while they train. See Scheduler."""

    waits = True
    rule = "all continue"

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return ()

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:  # noqa: ARG002
        """See Scheduler."""
        return []

    def going_on(self, reached: float, arriving: float, begun: float, *, rung: int) -> float:  # noqa: ARG002
        """See Scheduler."""
        return arriving
