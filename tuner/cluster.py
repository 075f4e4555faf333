"""The Ray cluster that a sweep runs on."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import ray

from tuner.config import SweepConfig
from tuner.errors import TunerError
from tuner.machine import gpu_count
from tuner.nodes import PLACES, Node
from tuner.ray_token import own_token
from tuner.signals import terminated_like_interrupted
from tuner.storage import Storage, UriStorage
from tuner.store import Store
from tuner.submitted import on_cluster
from tuner.turns import turn


@contextmanager
def cluster(config: SweepConfig) -> Iterator[None]:
    """The Ray that the sweep's trials run on: the cluster that this process is on, or one of its own."""
    if not on_cluster():
        with local_cluster(config):
            yield
        return
    attach()
    try:
        with terminated_like_interrupted():  # set after Ray's own handler
            yield
    finally:
        ray.shutdown()


def attach() -> None:
    """Connects this process to the cluster that it is on, unless it is connected."""
    if not ray.is_initialized():
        _keep_stdout_clean()
        ray.init(address="auto", log_to_driver=False, logging_level="error")


def this_node() -> dict[str, str]:
    """What a report says of where it comes from; nothing for a cluster of this process alone."""
    name = f"{socket.gethostname()}/{ray.get_runtime_context().get_node_id()[:8]}"
    return {"node": name} if on_cluster() else {}


def nodes() -> list[Node]:
    """The nodes of the cluster, and those that its autoscaler may still start."""
    attach()
    found = [_node(node["Resources"]) for node in ray.nodes() if node["Alive"]]
    config = ray._private.state.state.get_cluster_config()
    for group in config.node_group_configs if config else ():
        node = _node(group.resources)
        there = found.count(node)
        if group.max_count > there:
            found.append(replace(node, count=group.max_count - there))
    return found


def _node(resources: Mapping[str, float]) -> Node:
    cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    return Node(cpus=cpus, gpus=gpus, places=resources.get(PLACES, 0.0))


def kept_at(config: SweepConfig, store: Store) -> Storage | None:
    """Where the checkpoints are kept, or None when they lie in the sweep's folder, which all workers see.

    Raises:
        TunerError: the cluster has several nodes, and neither a storage nor an MLflow server.
    """
    if config.storage:
        storage = UriStorage(f"{config.storage.rstrip('/')}/{config.name}-{config.uid[:8]}")
        storage.check()
        return storage
    if not on_cluster() or len(nodes()) == 1:
        return None
    if store.local:
        raise TunerError(
            "the nodes of this cluster share no disk: give --storage URI, or set MLFLOW_TRACKING_URI on the cluster, "
            "so that trials can go on on another node"
        )
    from tuner.artifacts import RunStorage  # noqa: PLC0415 - imports MLflow, beside the start of the workers elsewhere

    return RunStorage(store.address, config.pair, config.uid)


@contextmanager
def local_cluster(config: SweepConfig) -> Iterator[None]:
    """A cluster of this process alone, on this machine, with one slot a trial.

    No worker is started before a trial asks for it: Ray would start others beside those that are not ready yet.
    SIGTERM to this process is treated like SIGINT: Ray Tune ends a run gracefully on that. (One to the whole process
    group reaches Ray's own processes too, and ends them under it: then `tuner resume` goes on.)
    """
    _keep_stdout_clean()
    own_token()
    with turn("ray"):  # it gives up when it has not started in 30 s, as ten that start at once on few cores have not
        ray.init(
            address="local",
            num_cpus=config.concurrency,
            num_gpus=gpu_count(),
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            _system_config={"enable_worker_prestart": False, "prestart_worker_first_driver": False},
        )
    try:
        with terminated_like_interrupted():
            yield
    finally:
        ray.shutdown()


def _keep_stdout_clean() -> None:
    """Ray prints that a worker was killed to stdout, whatever its log_to_driver says: beside our --json."""
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
