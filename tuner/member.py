"""A sweep as one of several on a cluster: it keeps to its part of it, and tells Prometheus how it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tuner.cluster import nodes
from tuner.config import SweepConfig
from tuner.fair import Share
from tuner.metrics import Metrics
from tuner.policy import Policy
from tuner.progress import Summary


@contextmanager
def member(config: SweepConfig, policy: Policy) -> Iterator[Callable[[Callable[[], Summary]], None]]:
    """Limits the policy to the sweep's part while it lasts. Gives what is to be called now and then with a summary."""
    demand = config.cpus_per_trial, config.gpus_per_trial, config.workers_per_node
    slots = sum(node.slots(*demand) for node in nodes())
    share = Share(config.uid, slots, concurrency=config.concurrency)
    metrics = Metrics(config.name)
    policy.limit(lambda: share.cap)

    def tick(summary: Callable[[], Summary]) -> None:
        if metrics.due:
            metrics.tell(summary())

    try:
        yield tick
    finally:
        share.end()
