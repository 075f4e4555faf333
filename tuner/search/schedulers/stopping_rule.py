"""What schedulers have in common that decide once: a trial that does not pass a rung when it comes ends there."""

from __future__ import annotations

from abc import abstractmethod

from tuner.core.objective import Goal
from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.ladder import Ladder, Rung
from tuner.search.schedulers.standing import passed_by_text


class StoppingRule(Scheduler):
    """A scheduler under which no trial waits. See Scheduler."""

    waits = False

    @abstractmethod
    def most(self, count: int) -> int:
        """How many of so many trials at a rung would go on, the best first."""

    def passes(self, rung: Rung, number: int) -> bool:
        """Whether the trial goes on, compared with those that had reached the rung when it came."""
        return rung.better_before(number) < self.most(len(rung.before(number)) + 1)

    def stood(self, rung: Rung, number: int, goal: Goal) -> str:
        """See Scheduler."""
        return passed_by_text(rung, number, goal, self.most(len(rung.before(number)) + 1))

    @abstractmethod
    def passed(self, reached: float) -> float:
        """About how many of so many trials in a random order pass a rung."""

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:  # noqa: ARG002
        """See Scheduler."""
        return ladder.passing(self.passes)

    def going_on(self, reached: float, arriving: float, begun: float, *, rung: int) -> float:  # noqa: ARG002
        """See Scheduler."""
        return self.passed(reached) - self.passed(reached - arriving)
