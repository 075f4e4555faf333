"""What a scheduler sees of a trial, what it decides, and what every scheduler can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from tuner.core.records import Rank, TrialRecord


class Decision(Enum):
    """What a trial does after a report."""

    CONTINUE = "CONTINUE"
    STOP = "STOP"
    """It gives its worker back: it has ended, or waits at a rung."""


@dataclass(frozen=True, kw_only=True)
class TrialProgress:
    """What a scheduler needs to know of a trial."""

    record: TrialRecord
    """What it has reported."""
    waiting: bool = False
    """It waits at a rung, or was interrupted, and is not running now."""
    running: bool = False
    """It is running now."""

    @property
    def number(self) -> int:
        """The trial's number."""
        return self.record.number

    @property
    def epoch(self) -> int:
        """The last epoch reported, 0 before the first."""
        return self.record.epoch

    def best_until(self, epoch: int) -> Rank:
        """The rank of the epoch that would be kept if the trial had ended after `epoch`."""
        return self.record.rank(self.record.best_epoch_until(epoch))


class Scheduler(Protocol):
    """Decides which trials continue. It reads the trials and remembers nothing, so a resumed sweep decides alike."""

    def rungs(self) -> tuple[int, ...]:
        """The epochs after which a trial gives its worker back and waits, unless it may continue at once."""

    def promotable(self, trials: Sequence[TrialProgress], *, no_more_new: bool) -> set[int]:
        """The numbers of the waiting trials that may continue now.

        Args:
            trials: all that did not fail.
            no_more_new: whether no trial will begin any more.
        """
