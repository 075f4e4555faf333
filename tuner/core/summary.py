"""Where a sweep stands: how many trials are in which state, what is best, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tuner.core.budgets import BudgetState
from tuner.core.records import TrialRecord
from tuner.core.units import counted

STATES = ("done", "running", "waiting", "pruned", "failed", "queued")
"""All states that a sweep's trials are counted by, in the order in which they are shown."""


def count_states(counts: Mapping[str, int]) -> str:
    """`2 done, 1 running, ...`: the states of STATES that occur, in that order."""
    return ", ".join(f"{counts[name]} {name}" for name in STATES if counts.get(name))


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The progress of a sweep."""

    counts: Mapping[str, int]
    """Trials by STATES: `waiting` ones wait for a promotion or a resume, `queued` ones have not begun."""
    epochs: int
    expected: int
    """Epochs of the whole sweep, if every rung promotes its share."""
    best: TrialRecord | None
    """None for trainings that confirm a trial: the best of them counts no more than the others."""
    live: tuple[TrialRecord, ...]
    left: float | None
    """Estimated seconds until its end; None when that is not known yet."""
    budgets: tuple[BudgetState, ...] = ()
    """What remains of each budget."""
    confirms: bool = False
    """Whether it is of the trainings that confirm a trial or refit it, and not of the search."""
    training: str = "confirming training"
    """What one of those is called."""

    def states(self) -> str:
        """`16 trials: 2 done, 1 running, ...`, with all states that occur."""
        what = self.training if self.confirms else "trial"
        return f"{counted(sum(self.counts.values()), what)}: {self.by_state()}"

    def by_state(self) -> str:
        """`2 done, 1 running, ...`."""
        return count_states(self.counts)
