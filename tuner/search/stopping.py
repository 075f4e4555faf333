"""When the search ends early: its time is spent, or too many trials fail."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from tuner.core.records import TrialRecord
from tuner.core.units import format_seconds
from tuner.search.study import Study

NOTE_S = 10.0  # seconds between writes to the study: a kill -9 loses count of at most this much time


class TimeBudget:
    """Counts the seconds that this process and earlier ones have spent on the search.

    They are measured with a monotonic clock, only while a process searches, and stored in the study.
    """

    def __init__(self, seconds: float | None, study: Study) -> None:
        """`seconds` is for the whole search; None means no limit, and then no time is stored."""
        self._seconds = seconds
        self._study = study
        self._before = study.spent()
        self._began = self._noted = time.monotonic()
        self._left = math.inf if seconds is None else seconds - sum(self._before)
        if seconds is not None:
            study.note_spent([*self._before, 0.0])

    @property
    def over(self) -> bool:
        """Whether the time is used up, so that no further epoch may start."""
        return time.monotonic() - self._began >= self._left

    @property
    def begun(self) -> str:
        """One line on the time that a resumed sweep has left; empty for a new sweep or one without a limit."""
        if self._seconds is None or not self._before:
            return ""
        of = f"the time budget of {format_seconds(self._seconds)}"
        return f"{format_seconds(self._left)} of {of} are left" if self._left > 0 else f"{of} is spent"

    def note(self, *, now: bool = False) -> None:
        """Stores the time spent, every NOTE_S seconds or `now`. Call it often."""
        time_now = time.monotonic()
        if self._seconds is not None and (now or time_now - self._noted >= NOTE_S):
            self._noted = time_now
            self._study.note_spent([*self._before, time_now - self._began])


LEAST_TRIED = 5  # with fewer trials, their share of failures says nothing
EXPLODED = 1e6  # nats of mean cross-entropy: no training recovers from that


def invalid_metrics(metrics: Mapping[str, float]) -> str:
    """What is wrong with an epoch's metrics; empty when nothing is."""
    for name in ("train_loss", "val_loss", "val_accuracy"):
        if not math.isfinite(metrics[name]):
            return f"{name} is {metrics[name]}"
        if metrics[name] > EXPLODED:
            return f"{name} exploded to {metrics[name]:.3g}"
    return ""


def failing_reason(records: Sequence[TrialRecord], max_failure_rate: float) -> str:
    """Why the sweep should stop: more than this share of its trials failed. Empty while it should continue."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    tried = sum(record.ended or bool(record.values) for record in records)
    if tried < LEAST_TRIED or reasons.total() <= max_failure_rate * tried:
        return ""
    [(reason, count)] = reasons.most_common(1)
    return f"{reasons.total()} of {tried} trials failed, {count} of them with: {reason}"
