"""A sweep's own metrics, which Ray exports to Prometheus together with those of the cluster."""

from __future__ import annotations

import time

from ray.util.metrics import Gauge

from tuner.core.records import Summary

BEAT_S = 5.0


STATES = ("done", "running", "waiting", "pruned", "failed", "left")


class PrometheusMetrics:
    """ray_tuner_trials by state, ray_tuner_best_score and ray_tuner_epochs_per_second, labelled by sweep."""

    def __init__(self, sweep: str) -> None:
        tags = {"sweep": sweep}
        self._trials = Gauge("tuner_trials", "Trials of a sweep by state.", tag_keys=("sweep", "state"))
        self._best = Gauge("tuner_best_score", "The best validation accuracy of a sweep so far.", tag_keys=("sweep",))
        self._speed = Gauge("tuner_epochs_per_second", "Epochs that a sweep trains per second.", tag_keys=("sweep",))
        for gauge in (self._trials, self._best, self._speed):
            gauge.set_default_tags(tags)
        self._due = 0.0
        self._last: tuple[float, int] | None = None

    @property
    def due(self) -> bool:
        """Whether the next update is due."""
        return time.monotonic() >= self._due

    def tell(self, summary: Summary) -> None:
        """Sets all gauges."""
        now = time.monotonic()
        self._due = now + BEAT_S
        for state in STATES:
            self._trials.set(summary.counts.get(state, 0), {"state": state})
        if summary.best:
            self._best.set(summary.best.best[0])
        if self._last:
            self._speed.set((summary.epochs - self._last[1]) / (now - self._last[0]))
        self._last = now, summary.epochs
