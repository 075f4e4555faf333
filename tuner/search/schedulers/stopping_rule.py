"""What schedulers have in common that decide once: a trial that does not pass a rung when it comes ends there."""

from __future__ import annotations

from abc import abstractmethod

from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.ladder import Ladder, Rung


class StoppingRule(Scheduler):
    """A scheduler under which no trial waits. See Scheduler."""

    waits = False

    @abstractmethod
    def passes(self, rung: Rung, number: int) -> bool:
        """Whether the trial goes on, compared with those that had reached the rung when it came."""

    @abstractmethod
    def passed(self, reached: float) -> float:
        """About how many of so many trials in a random order pass a rung."""

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:  # noqa: ARG002
        """See Scheduler."""
        return ladder.passing(self.passes)

    def going_on(self, reached: float, arriving: float, begun: float, *, rung: int) -> float:  # noqa: ARG002
        """See Scheduler."""
        return self.passed(reached) - self.passed(reached - arriving)
