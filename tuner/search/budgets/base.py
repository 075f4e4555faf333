"""What every budget can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tuner.core.budgets import BudgetState
from tuner.core.records import TrialRecord


class Budget(Protocol):
    """Something of which a search may use so much. It counts from the study, so that a resumed search counts on."""

    @property
    def name(self) -> str:
        """The field of SweepConfig that sets it."""

    @property
    def reason(self) -> str:
        """Why a trial that it stops has ended: `the epoch budget ran out`."""

    @property
    def over(self) -> bool:
        """Whether it is used up, so that no further epoch may start."""

    @property
    def state(self) -> BudgetState:
        """How far it is used."""

    @property
    def begun(self) -> str:
        """One line on what a resumed sweep has left."""

    def begin(self, records: Sequence[TrialRecord]) -> None:
        """The trials of before, in the order of their numbers."""
        for record in records:
            self.note(record)

    def note(self, record: TrialRecord) -> None:  # noqa: ARG002
        """A trial, as it is after a report or its end. Noted again, it changes nothing."""
        return

    def room(self, running: int) -> bool:  # noqa: ARG002
        """Whether one more epoch may start beside those of so many running trials."""
        return True
