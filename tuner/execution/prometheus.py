"""A sweep's own metrics, which Ray exports to Prometheus together with those of the cluster."""

from __future__ import annotations

import time
from collections.abc import Callable

from ray.util.metrics import Gauge

from tuner.core.callback import Callback
from tuner.core.summary import STATES, Summary

BEAT_S = 5.0


class PrometheusMetrics(Callback):
    """ray_tuner_trials by state, ray_tuner_best_score and ray_tuner_epochs_per_second, labelled by sweep."""

    def __init__(self, sweep: str) -> None:
        """To be made when Ray runs."""
        tags = {"sweep": sweep}
        self._trials = Gauge("tuner_trials", "Trials of a sweep by state.", tag_keys=("sweep", "state"))
        self._best = Gauge(
            "tuner_best_score",
            "What the first objective of a sweep has come to in its best trial so far.",
            tag_keys=("sweep",),
        )
        self._speed = Gauge("tuner_epochs_per_second", "Epochs that a sweep trains per second.", tag_keys=("sweep",))
        for gauge in (self._trials, self._best, self._speed):
            gauge.set_default_tags(tags)
        self._due = 0.0
        self._last: tuple[float, int] | None = None

    def on_tick(self, summary: Callable[[], Summary]) -> None:
        """Sets all gauges when it is time to."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + BEAT_S
        current = summary()
        if current.confirms:  # its trials are none of the search
            return
        for state in STATES:
            self._trials.set(current.counts.get(state, 0), {"state": state})
        if current.best:
            self._best.set(current.best.score)
        if self._last:
            self._speed.set((current.epochs - self._last[1]) / (now - self._last[0]))
        self._last = now, current.epochs
