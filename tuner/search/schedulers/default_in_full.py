"""The default configuration is never stopped early, whatever the scheduler: the winner is compared with it.

With several models there is one of each. So each is judged by a whole training at least, and not by first epochs alone,
in which some are ahead that are behind in the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.ladder import Ladder, Rung


@dataclass(frozen=True)
class DefaultInFull(Scheduler):
    """Another scheduler for all trials but the first ones, which are compared with none while they train.

    See Scheduler.
    """

    others: Scheduler
    defaults: int = 1
    """How many these are."""

    @property
    def waits(self) -> bool:
        """See Scheduler."""
        return self.others.waits

    @property
    def rule(self) -> str:
        """See Scheduler."""
        return self.others.rule

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return self.others.rungs()

    def rungs_of(self, number: int) -> tuple[int, ...]:
        """See Scheduler."""
        return () if number < self.defaults else self.others.rungs_of(number)

    def brackets(self, trials: int) -> Mapping[tuple[int, ...], int]:
        """See Scheduler."""
        found = Counter(self.others.brackets(trials))
        for number in range(min(trials, self.defaults)):
            found.subtract({self.others.rungs_of(number): 1})
            found.update({(): 1})
        return found

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:
        """See Scheduler."""
        return self.others.promotable(ladder, no_more_new=no_more_new)

    def going_on(self, reached: float, arriving: float, begun: float, *, rung: int) -> float:
        """See Scheduler."""
        return self.others.going_on(reached, arriving, begun, rung=rung)

    def stood(self, rung: Rung, number: int, goal: Goal) -> str:
        """See Scheduler."""
        return self.others.stood(rung, number, goal)

    def account(self, records: Sequence[TrialRecord]) -> str:
        """See Scheduler."""
        return self.others.account([record for record in records if record.number >= self.defaults])
