"""No stopping: every trial trains all its epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.search.schedulers.base import TrialProgress


@dataclass(frozen=True)
class WholeTrials:
    """Compares no trials while they train. See Scheduler."""

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return ()

    def promotable(self, trials: Sequence[TrialProgress], *, no_more_new: bool) -> set[int]:  # noqa: ARG002
        """See Scheduler."""
        return set()
