"""Sweeps that share a cluster: each keeps to its share while others want theirs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_get, _internal_kv_list, _internal_kv_put

from tuner.core.config import SweepConfig
from tuner.execution.ray_session import nodes
from tuner.search.controller import Controller

PREFIX = "tuner/sweeps/"
BEAT_S = 2.0
GONE_S = 30.0


class ActiveSweeps:
    """The sweeps that are present: those whose heartbeat has changed recently."""

    def __init__(self) -> None:
        self._changed: dict[bytes, tuple[bytes, float]] = {}

    def look(self, beats: Mapping[bytes, bytes], now: float) -> set[bytes]:
        """The keys of `beats` whose sweeps are present at `now`, in seconds of a monotonic clock."""
        for key, beat in beats.items():
            if key not in self._changed or self._changed[key][0] != beat:
                self._changed[key] = beat, now
        return {key for key in beats if now - self._changed[key][1] < GONE_S}


class FairShare:
    """This sweep's share of the cluster."""

    def __init__(self, uid: str, slots: int, *, concurrency: int) -> None:
        """`slots` is how many of its trials fit into the whole cluster; it runs at most `concurrency` at a time."""
        self._key = PREFIX + uid
        self._slots = slots
        self._most = self._wanted = concurrency
        self._due = 0.0
        self._beats = 0
        self._present = ActiveSweeps()

    @property
    def cap(self) -> int:
        """How many trials this sweep may run at the same time now, at least 1."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + BEAT_S
            self._beats += 1
            _internal_kv_put(self._key, str(self._beats), overwrite=True)
            self._most = max(1, min(self._wanted, math.ceil(self._slots / self._active(now))))
        return self._most

    def end(self) -> None:
        """Leaves its share to the other sweeps."""
        _internal_kv_del(self._key)

    def _active(self, now: float) -> int:
        """The number of sweeps that are present, at least 1."""
        beats = {key: value for key in _internal_kv_list(PREFIX) if (value := _internal_kv_get(key))}
        present = self._present.look(beats, now)
        for key in set(beats) - present:
            _internal_kv_del(key)
        return max(1, len(present))


@contextmanager
def share_cluster(config: SweepConfig, controller: Controller) -> Iterator[None]:
    """Limits the controller to the sweep's share while it lasts."""
    demand = config.cpus_per_trial, config.gpus_per_trial, config.workers_per_node
    slots = sum(node.slots(*demand) for node in nodes())
    share = FairShare(config.uid, slots, concurrency=config.concurrency)
    controller.limit(lambda: share.cap)
    try:
        yield
    finally:
        share.end()
