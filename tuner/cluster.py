"""The Ray cluster that a sweep runs on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from tuner.config import SweepConfig
from tuner.machine import gpu_count


@contextmanager
def local_cluster(config: SweepConfig) -> Iterator[None]:
    """A cluster of this process alone, on this machine, with one slot a trial.

    No worker is started before a trial asks for it: Ray would start others beside those that are not ready yet.
    SIGTERM is treated like SIGINT: Ray Tune ends a run gracefully on that.
    """
    ray.init(
        address="local",
        num_cpus=config.concurrency,
        num_gpus=gpu_count(),
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        _system_config={"enable_worker_prestart": False, "prestart_worker_first_driver": False},
    )
    terminate = signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, terminate)
        ray.shutdown()
