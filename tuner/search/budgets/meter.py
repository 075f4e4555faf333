"""Counts seconds of a search, and stores them in the study."""

from __future__ import annotations

import time

from tuner.search.study import Study

NOTE_S = 10.0  # seconds between writes to the study: a kill -9 loses count of at most this much time


class Meter:
    """Seconds that this process and earlier ones have spent on a search.

    They are measured with a monotonic clock, only while a process searches, and stored in the study.
    """

    def __init__(self, study: Study, kind: str) -> None:
        """`kind` is the study's attribute: SPENT or GPU_SPENT."""
        self._study = study
        self._kind = kind
        self._before = study.spent(kind)
        self._used = 0.0
        self._last = self._noted = time.monotonic()
        study.note_spent([*self._before, 0.0], kind)

    @property
    def resumed(self) -> bool:
        """Whether an earlier process has counted."""
        return bool(self._before)

    @property
    def total(self) -> float:
        """What all processes have spent, up to the last call of `advance`."""
        return sum(self._before) + self._used

    def advance(self, rate: float = 1.0) -> float:
        """Adds the time since the last call, times `rate`. Returns the total."""
        now = time.monotonic()
        self._used += rate * (now - self._last)
        self._last = now
        return self.total

    def store(self, *, now: bool = False) -> None:
        """Stores what was counted, every NOTE_S seconds or `now`."""
        if now or time.monotonic() - self._noted >= NOTE_S:
            self._noted = time.monotonic()
            self._study.note_spent([*self._before, self._used], self._kind)
