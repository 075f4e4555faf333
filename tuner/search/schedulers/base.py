"""What a scheduler decides, and what every scheduler can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.search.schedulers.ladder import Ladder, Rung
from tuner.search.schedulers.standing import waited_text


class Decision(Enum):
    """What a trial does after a report."""

    CONTINUE = "CONTINUE"
    STOP = "STOP"
    """It gives its worker back: it has ended, or waits at a rung."""


class Scheduler(Protocol):
    """Decides which trials continue. It reads the rungs and remembers nothing, so a resumed sweep decides alike."""

    @property
    def waits(self) -> bool:
        """Whether a trial that may not go on at a rung waits there for its turn. Otherwise it ends."""

    together: bool = False
    """Whether all trials wait at a rung until none is still to come."""

    @property
    def rule(self) -> str:
        """Which trials go on after a rung, for people: `only the best third continue`."""

    def rungs(self) -> tuple[int, ...]:
        """The epochs after which trials are compared, the lowest first."""

    def rungs_of(self, number: int) -> tuple[int, ...]:  # noqa: ARG002
        """Those of them at which this trial is compared, with the others that have the same ones."""
        return self.rungs()

    def skipped(self, number: int) -> int:
        """How many of the lowest rungs the trial passes without being compared there."""
        return len(self.rungs()) - len(self.rungs_of(number))

    def brackets(self, trials: int) -> Mapping[tuple[int, ...], int]:
        """How many of so many trials have which rungs."""
        return {self.rungs(): trials}

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:
        """The numbers of the trials at a rung that may continue now, the best first.

        Args:
            ladder: rungs, with all trials that are compared there and did not fail.
            no_more_new: whether no trial will begin any more.
        """

    def going_on(self, reached: float, arriving: float, begun: float, *, rung: int) -> float:
        """How many more trials are expected to go on after a rung.

        Args:
            reached: how many trials will have reached it in the end.
            arriving: those of them that are not there yet.
            begun: how many have gone on.
            rung: its epoch.
        """

    def stood(self, rung: Rung, number: int, goal: Goal) -> str:
        """How a trial stood at the rung that it does not go on from, for people. Asked when that is decided."""
        return waited_text(rung, number, goal)

    def account(self, records: Sequence[TrialRecord]) -> str:  # noqa: ARG002
        """What it decided for a search as a whole, in one line; empty for one that decides trial by trial."""
        return ""


def evenly_spaced(epochs: int, parts: int) -> tuple[int, ...]:
    """The ends of that many equal parts of so many epochs, without the last; a part has at least one epoch.

    >>> evenly_spaced(20, 9), evenly_spaced(4, 9), evenly_spaced(1, 9)
    ((2, 4, 6, 8, 10, 12, 14, 16, 18), (1, 2, 3), ())
    """
    every = max(1, round(epochs / parts))
    return tuple(range(every, epochs, every))


def expected_epochs(scheduler: Scheduler, trials: int, epochs: int) -> int:
    """How many epochs a sweep is expected to train in total; the best case, if no worker must be kept busy."""
    total = 0.0
    for rungs, count in scheduler.brackets(trials).items():
        last, left = 0, float(count)
        for stop in (*rungs, epochs):
            total += left * (stop - last)
            last, left = stop, scheduler.going_on(left, left, 0.0, rung=stop)
    return round(total)
