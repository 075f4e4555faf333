"""When the search ends early: its time is spent, or too many trials fail."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from tuner.core.records import TrialRecord
from tuner.core.units import format_seconds
from tuner.search.study import Study

NOTE_S = 10.0  # how often the study is told: a kill -9 gives so much back at most


class TimeBudget:
    """Counts the seconds of this run of the search, and those of the runs before it.

    They are counted while a process searches, by a clock that does not jump, and kept in the study.
    """

    def __init__(self, seconds: float | None, study: Study) -> None:
        """`seconds` for the whole search; None for no limit, of which nothing is remembered."""
        self._seconds = seconds
        self._study = study
        self._before = study.spent()
        self._began = self._noted = time.monotonic()
        self._left = math.inf if seconds is None else seconds - sum(self._before)
        if seconds is not None:
            study.note_spent([*self._before, 0.0])

    @property
    def over(self) -> bool:
        """Whether no epoch may be begun any more."""
        return time.monotonic() - self._began >= self._left

    @property
    def begun(self) -> str:
        """What a sweep that goes on has left, in a line; empty for one that begins, or has no limit."""
        if self._seconds is None or not self._before:
            return ""
        of = f"the time budget of {format_seconds(self._seconds)}"
        return f"{format_seconds(self._left)} of {of} are left" if self._left > 0 else f"{of} is spent"

    def note(self, *, now: bool = False) -> None:
        """Remembers the time that was spent, now and then, or `now`. To be called often."""
        time_now = time.monotonic()
        if self._seconds is not None and (now or time_now - self._noted >= NOTE_S):
            self._noted = time_now
            self._study.note_spent([*self._before, time_now - self._began])


LEAST_TRIED = 5  # before that, nothing is known of the share of trials that fail
EXPLODED = 1e6  # nats of mean cross-entropy: no training comes back from there


def invalid_metrics(metrics: Mapping[str, float]) -> str:
    """What is wrong with an epoch's metrics; empty when nothing is."""
    for name in ("train_loss", "val_loss", "val_accuracy"):
        if not math.isfinite(metrics[name]):
            return f"{name} is {metrics[name]}"
        if metrics[name] > EXPLODED:
            return f"{name} exploded to {metrics[name]:.3g}"
    return ""


def failing_reason(records: Sequence[TrialRecord], max_failure_rate: float) -> str:
    """What more than that share of the trials failed with; empty while it is worth going on."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    tried = sum(record.ended or bool(record.values) for record in records)
    if tried < LEAST_TRIED or reasons.total() <= max_failure_rate * tried:
        return ""
    [(reason, count)] = reasons.most_common(1)
    return f"{reasons.total()} of {tried} trials failed, {count} of them with: {reason}"
