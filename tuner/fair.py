"""Sweeps that share a cluster fairly: none has more trials side by side than its part, while others want theirs.

Every driver says in the cluster's key-value store, now and then, that it is there. One that has not said so for a while
is gone. Nobody's clock is compared with another's, or with itself after it was set.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from ray.experimental.internal_kv import (
    _internal_kv_del,
    _internal_kv_get,
    _internal_kv_list,
    _internal_kv_put,
)

PREFIX = "tuner/sweeps/"
BEAT_S = 2.0
GONE_S = 30.0


class Present:
    """Who is there: those whose beat has changed lately."""

    def __init__(self) -> None:
        self._changed: dict[bytes, tuple[bytes, float]] = {}

    def look(self, beats: Mapping[bytes, bytes], now: float) -> set[bytes]:
        """Those of `beats` that are there at `now`, in seconds of a clock that nobody sets."""
        for key, beat in beats.items():
            if key not in self._changed or self._changed[key][0] != beat:
                self._changed[key] = beat, now
        return {key for key in beats if now - self._changed[key][1] < GONE_S}


class Share:
    """This sweep's part of the cluster."""

    def __init__(self, uid: str, slots: int, *, concurrency: int) -> None:
        """`slots` such trials fit into the whole cluster; this sweep wants `concurrency` of them at most."""
        self._key = PREFIX + uid
        self._slots = slots
        self._most = self._wanted = concurrency
        self._due = 0.0
        self._beats = 0
        self._present = Present()

    @property
    def cap(self) -> int:
        """How many trials this sweep may have side by side now, at least 1."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + BEAT_S
            self._beats += 1
            _internal_kv_put(self._key, str(self._beats), overwrite=True)
            self._most = max(1, min(self._wanted, math.ceil(self._slots / self._active(now))))
        return self._most

    def end(self) -> None:
        """Leaves its part to the others."""
        _internal_kv_del(self._key)

    def _active(self, now: float) -> int:
        """Sweeps that have said lately that they are there."""
        beats = {key: value for key in _internal_kv_list(PREFIX) if (value := _internal_kv_get(key))}
        present = self._present.look(beats, now)
        for key in set(beats) - present:
            _internal_kv_del(key)
        return max(1, len(present))
