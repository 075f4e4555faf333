"""The Ray cluster that a sweep runs on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import ray

from tuner.config import SweepConfig
from tuner.machine import gpu_count
from tuner.signals import terminated_like_interrupted


@contextmanager
def local_cluster(config: SweepConfig) -> Iterator[None]:
    """A cluster of this process alone, on this machine, with one slot a trial.

    No worker is started before a trial asks for it: Ray would start others beside those that are not ready yet.
    SIGTERM to this process is treated like SIGINT: Ray Tune ends a run gracefully on that. (One to the whole process
    group reaches Ray's own processes too, and ends them under it: then `tuner resume` goes on.)
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
    _protect_token()
    try:
        with terminated_like_interrupted():
            yield
    finally:
        ray.shutdown()


def _protect_token() -> None:
    """Ray makes the token that its processes show each other with the umask's permissions: others may not read it."""
    token = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    with suppress(OSError):
        token.chmod(0o600)
