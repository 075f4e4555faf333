"""What a sweep tells while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Protocol

from tuner.core.records import TrialRecord

Report = Callable[[dict[str, Any]], None]


class Decision(Enum):
    """What a trial does after a report."""

    CONTINUE = "CONTINUE"
    STOP = "STOP"
    """It releases its worker: it has ended, or waits at a rung."""


class Callback(Protocol):
    """Receives the events of trials; must not block."""

    def trial_started(self, record: TrialRecord) -> None: ...
    def trial_reported(self, number: int, metrics: Mapping[str, float]) -> None:
        """`metrics` belong to one epoch, with its `epoch` and the `time` of the report in seconds since 1970."""

    def trial_ended(self, record: TrialRecord) -> None: ...
