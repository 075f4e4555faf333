"""What a scheduler decides, and what every scheduler can do."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from tuner.search.schedulers.ladder import Ladder


class Decision(Enum):
    """What a trial does after a report."""

    CONTINUE = "CONTINUE"
    STOP = "STOP"
    """It gives its worker back: it has ended, or waits at a rung."""


class Scheduler(Protocol):
    """Decides which trials continue. It reads the rungs and remembers nothing, so a resumed sweep decides alike."""

    def rungs(self) -> tuple[int, ...]:
        """The epochs after which a trial gives its worker back and waits, unless it may continue at once."""

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:
        """The numbers of the waiting trials that may continue now, the best first.

        Args:
            ladder: the rungs, with all trials that did not fail.
            no_more_new: whether no trial will begin any more.
        """
