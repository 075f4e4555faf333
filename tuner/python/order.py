"""What a user's process asks of the process that runs the sweep."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.core.grow_request import GrowRequest
from tuner.core.sweep_request import SweepRequest


@dataclass(frozen=True, kw_only=True)
class SweepOrder:
    """A new sweep."""

    request: SweepRequest
    detach: bool = False
    """Whether it runs on when the user's process has ended."""
    dashboard: bool = False
    """Whether Ray's dashboard starts too."""


@dataclass(frozen=True, kw_only=True)
class TrainOrder:
    """One training."""

    request: SweepRequest
    from_best: str | None = None
    from_trial: str | None = None
    detach: bool = False
    dashboard: bool = False


@dataclass(frozen=True, kw_only=True)
class ResumeOrder:
    """A sweep goes on, with more of it where that is asked for."""

    name: str
    more: GrowRequest
    detach: bool = False
    dashboard: bool = False


Order = SweepOrder | TrainOrder | ResumeOrder
