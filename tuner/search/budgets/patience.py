"""`--patience`: after how many trials without a better score a search ends.

SageMaker's MaxNumberOfTrainingJobsNotImproving.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from tuner.core.budgets import BudgetState
from tuner.core.rank import Rank
from tuner.core.records import TrialRecord
from tuner.core.units import counted
from tuner.search.budgets.base import Budget
from tuner.search.schedulers.base import Scheduler


class _Event(NamedTuple):
    """What a trial tells: a score, or that it has come to a stop."""

    time: float
    number: int
    score: tuple[float, float] | None
    stops: bool


class Patience(Budget):
    """Counts the trials that have come to a stop since the best score was reached.

    A trial comes to a stop when it ends, and when it reaches a rung at which trials wait: under such a scheduler most
    trials end with the search alone. Each trial counts once, and the one with the best score does not. Only a higher
    score of a kept epoch is an improvement; that of a trial which failed later is none. With two objectives it is the
    first one's. The first trial that violates no constraint is an improvement, too.
    """

    name = "patience"
    reason = "the best score did not improve any more"

    def __init__(self, limit: int, scheduler: Scheduler) -> None:
        """`scheduler` says at which rungs trials wait."""
        self._limit = limit
        self._scheduler = scheduler
        self._records: dict[int, TrialRecord] = {}
        self._forget()

    def begin(self, records: Sequence[TrialRecord]) -> None:
        """See Budget."""
        self._records = {record.number: record for record in records}
        self._forget()
        events = [event for record in records for event in self._events(record, 0, ended=False)]
        for event in sorted(events, key=lambda each: (each.time, each.number)):
            self._count(event)

    def note(self, record: TrialRecord) -> None:
        """See Budget."""
        before = self._records.get(record.number)
        self._records[record.number] = record
        if record.state == "FAIL" and record.values and before is not None and not before.ended:
            self.begin([*self._records.values()])  # its scores count no more
            return
        for event in self._events(record, before.epoch if before else 0, ended=bool(before and before.ended)):
            self._count(event)

    def _forget(self) -> None:
        self._best, self._holder = (-math.inf, -math.inf), -1
        self._stopped: set[int] = set()

    def _events(self, record: TrialRecord, after: int, *, ended: bool) -> list[_Event]:
        """What a trial has told after an epoch; its end too, if it had not `ended` then."""
        rungs = self._scheduler.rungs_of(record.number) if self._scheduler.waits else ()
        found = []
        for epoch in sorted(epoch for epoch in record.values if epoch > after):
            rank = record.rank_until(epoch) if record.ranked else None
            when = record.metrics[epoch]["time"]
            found.append(_Event(when, record.number, _by_first(rank) if rank else None, epoch in rungs))
        if record.ended and not ended:
            found.append(_Event(record.finished or record.latest, record.number, None, stops=True))
        return found

    def _count(self, event: _Event) -> None:
        if event.score is not None and event.score > self._best:
            self._best, self._holder, self._stopped = event.score, event.number, set()
        elif event.stops and event.number != self._holder:
            self._stopped.add(event.number)

    @property
    def over(self) -> bool:
        """See Budget."""
        return len(self._stopped) >= self._limit

    @property
    def state(self) -> BudgetState:
        """See Budget."""
        left = max(0, self._limit - len(self._stopped))
        text = f"{counted(left, 'trial')} left to improve the best score"
        more = "" if left else f"--patience {2 * max(self._limit, len(self._stopped))}"
        return BudgetState(name=self.name, limit=self._limit, left=left, text=text, more=more)

    @property
    def begun(self) -> str:
        """See Budget."""
        since = counted(len(self._stopped), "trial")
        return f"{since} of a patience of {self._limit} without a better score"


def _by_first(rank: Rank) -> tuple[float, float]:
    """What is compared: a violation, and the first objective."""
    return rank.minus_violation, rank.gains[0]
