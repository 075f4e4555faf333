"""What a trial tells while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class TrialReport:
    """What a trial tells after an epoch, or when it cannot continue."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    """By name: `epoch` (from 1), the score, the losses and others. Empty when it could not continue."""
    kept_epoch: int = 0
    """The epoch whose weights would be kept if the training ended now, see `tuner.core.kept_epoch`; 0 for none yet."""
    seed: int | None = None
    """Of its training."""
    conditions: Mapping[str, str | int] | None = None
    """See `reproducibility.Conditions`."""
    halved: int = 0
    """The first epoch that was trained half a batch at a time; 0 for none."""
    notes: tuple[str, ...] = ()
    """What a user should know, a line each."""
    node: str = ""
    """Where it runs on a cluster."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """Before the first epoch, what the sweep's goal asks for of: `parameters`, the number of weights and biases, and
    `latency_ms`, the median time of one sample's forward pass in milliseconds."""
    measured_on: str = ""
    """What the latency was measured on."""
    ended: bool = False
    """Whether a user's own code has come to its end: after it there is nothing more to report."""
    error: str = ""
    """Why it failed, in one line; empty when it did not."""
    details: str = ""
    """More about the error, such as a traceback."""
    out_of_memory: bool = False
    """Whether it failed because memory ran out."""
    unsaved: str = ""
    """Why a checkpoint that is needed could not be written. That is no fault of the trial's."""

    @property
    def epoch(self) -> int:
        """The epoch that ended; 0 for a failure."""
        return int(self.metrics.get("epoch", 0))


Report = Callable[[TrialReport], None]
"""What a trial calls with each report. It raises SystemExit when the trial is to stop."""
