"""What /metrics tells Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Counters of one server, in a registry of their own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, replica: str = "") -> None:
        """`replica` is a label of every counter, for one of several servers that answer at one address."""
        registry = CollectorRegistry()
        self._registry, self._replica = registry, replica
        of_request = ("route", "status")
        self._requests = Counter("tuner_requests", "Requests that were answered", of_request, registry=registry)
        self._seconds = Histogram(
            "tuner_request_seconds", "Seconds to the answer", ("route",), buckets=_SECONDS, registry=registry
        )
        self._batches = Histogram(
            "tuner_batch_samples", "Samples in one pass of the network", buckets=_SIZES, registry=registry
        )
        self._waiting = Gauge("tuner_waiting_samples", "Samples that wait for the network", registry=registry)
        self._model = Gauge("tuner_model", "The model that answers", ("model", "version", "sweep"), registry=registry)
        self._loads = Counter("tuner_model_loads", "Models that were loaded, or could not", ("ok",), registry=registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request to this route has got its answer."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, samples: int) -> None:
        """So many samples go through the network together."""
        self._batches.observe(samples)

    def loaded(self, model: str, version: str, sweep: str) -> None:
        """This model answers from now on."""
        self._model.clear()
        self._model.labels(model, version, sweep).set(1)
        self._loads.labels("true").inc()

    def not_loaded(self) -> None:
        """A model could not be loaded."""
        self._loads.labels("false").inc()

    def text(self, waiting: int) -> bytes:
        """All of it; `waiting` are the samples that wait now."""
        self._waiting.set(waiting)
        return generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """All of it, for Prometheus' own code."""
        for metric in self._registry.collect():
            if self._replica:
                own = {"replica": self._replica}
                metric.samples = [sample._replace(labels={**sample.labels, **own}) for sample in metric.samples]
            yield metric
