"""Sweeps that share a cluster fairly: none has more trials side by side than its part, while others want theirs.

Every driver says in the cluster's key-value store, now and then, that it is there. One that has not said so for a while
is gone.
"""

from __future__ import annotations

import json
import math
import time

from ray.experimental.internal_kv import (
    _internal_kv_del,
    _internal_kv_get,
    _internal_kv_list,
    _internal_kv_put,
)

PREFIX = "tuner/sweeps/"
BEAT_S = 2.0
GONE_S = 30.0


class Share:
    """This sweep's part of the cluster."""

    def __init__(self, uid: str, slots: int, *, concurrency: int) -> None:
        """`slots` such trials fit into the whole cluster; this sweep wants `concurrency` of them at most."""
        self._key = PREFIX + uid
        self._slots = slots
        self._most = self._wanted = concurrency
        self._due = 0.0

    @property
    def cap(self) -> int:
        """How many trials this sweep may have side by side now, at least 1."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + BEAT_S
            _internal_kv_put(self._key, json.dumps({"time": time.time()}), overwrite=True)
            self._most = max(1, min(self._wanted, math.ceil(self._slots / _active())))
        return self._most

    def end(self) -> None:
        """Leaves its part to the others."""
        _internal_kv_del(self._key)


def _active() -> int:
    """Sweeps that have said lately that they are there."""
    count = 0
    for key in _internal_kv_list(PREFIX):
        value = _internal_kv_get(key)
        if value and time.time() - json.loads(value)["time"] < GONE_S:
            count += 1
        else:
            _internal_kv_del(key)
    return max(1, count)
