"""What a scheduler sees of a trial, and what it decides."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class TrialProgress:
    """What ASHA needs to know about a trial."""

    number: int
    values: dict[int, float] = field(default_factory=dict)
    """Score by epoch (from 1), higher is better, finite."""
    waiting: bool = False
    """It waits at a rung, or was interrupted, and is not running now."""
    running: bool = False
    """It is running now."""

    @property
    def epoch(self) -> int:
        """The last epoch reported, 0 before the first."""
        return max(self.values, default=0)

    def best_until(self, epoch: int) -> float:
        """The best score of the first `epoch` epochs: the one that would be kept if the trial stopped there."""
        return max(value for at, value in self.values.items() if at <= epoch)
