"""Which trials of a sweep run, wait at a rung or were interrupted, and which of them goes on next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from tuner.core.records import TrialRecord
from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.ladder import Ladders


class TrialQueue:
    """The trials that have begun. It is told of all that happens to them."""

    def __init__(self, scheduler: Scheduler, records: Sequence[TrialRecord], more: Callable[[], bool]) -> None:
        """`records` are those of a sweep that begins or is resumed: none of them runs.

        Those that train for fewer epochs than the others are left out. `more` says whether further ones are to come.
        """
        self._more = more
        self.running: dict[int, int] = {}
        """The trials that a worker has, each with the last epoch that was known when it got it."""
        self.ladders = Ladders(scheduler.rungs_of, records)
        self._scheduler = scheduler
        self.interrupted: deque[int] = deque()
        """The trials that were interrupted, and have not gone on yet."""

    def note_interrupted(self, records: Sequence[TrialRecord]) -> None:
        """Takes the trials that were running when a sweep was interrupted: they go on before all others."""
        self.interrupted.extend(r.number for r in records if not r.ended and not self.at_rung(r))

    def next_begun(self) -> int | None:
        """The number of the trial that goes on next: an interrupted one, else the best that may be promoted."""
        return next(iter(self.interrupted or self.promotable()), None)

    def begin(self, record: TrialRecord) -> None:
        """The trial gets a worker, or keeps it at a rung."""
        if record.number in self.interrupted:
            self.interrupted.remove(record.number)
        self.running[record.number] = record.epoch
        self.ladders.of(record.number).begin(record)

    def reach(self, record: TrialRecord) -> None:
        """The trial has reached a rung."""
        self.ladders.of(record.number).reach(record)

    def wait(self, record: TrialRecord) -> None:
        """The trial gives its worker back, and may go on later."""
        del self.running[record.number]
        self.ladders.of(record.number).wait(record)

    def drop(self, record: TrialRecord) -> None:
        """The trial did not get the worker that was meant for it."""
        self.wait(record)
        self.interrupted.append(record.number)

    def end(self, record: TrialRecord) -> None:
        """The trial has ended."""
        self.running.pop(record.number, None)
        if record.number in self.interrupted:
            self.interrupted.remove(record.number)
        self.ladders.of(record.number).end(record)

    def at_rung(self, record: TrialRecord) -> bool:
        """Whether the trial has not ended, and its last epoch is a rung."""
        return not record.ended and record.epoch in self._scheduler.rungs_of(record.number)

    def promotable(self) -> list[int]:
        """The numbers of the trials at a rung that may go on now, the best first."""
        no_more_new = not self._more() and not self.interrupted
        return [n for each in self.ladders for n in self._scheduler.promotable(each, no_more_new=no_more_new)]

    @property
    def empty(self) -> bool:
        """Whether no trial that has begun will go on."""
        return not self.interrupted and not self.promotable()
