"""The Ray cluster that a sweep runs on."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import ray
from ray._private import services

from tuner.config import SweepConfig
from tuner.ending import Guard
from tuner.errors import TunerError
from tuner.machine import gpu_count
from tuner.nodes import PLACES, Node
from tuner.ray_token import own_token
from tuner.signals import Stop
from tuner.storage import Storage, UriStorage
from tuner.store import Store
from tuner.submitted import on_cluster
from tuner.turns import turn

_NEEDED = {"raylet", "gcs_server"}  # of Ray's processes: the others serve people


@contextmanager
def cluster(config: SweepConfig, stop: Stop, guard: Guard) -> Iterator[None]:
    """The Ray that the sweep's trials run on: the cluster that this process is on, or one of its own.

    What `stop` listens to does not break off the end of it; `guard` watches over that.
    """
    with stop.ray_starting():
        if on_cluster():
            attach()
        else:
            _start_local(config)
    with guard.watching():
        try:
            yield
        finally:
            with stop.deferred(), guard.closing():
                _shut_down(stop)


def _shut_down(stop: Stop) -> None:
    """Ends Ray, or our connection to it. SIGTERM would kill us meanwhile: Ray resets its handler, and then waits."""
    node = ray._private.worker._global_node
    end_processes = node.kill_all_processes

    def heard(**options: Any) -> None:
        stop.hear_sigterm()
        end_processes(**options)

    node.kill_all_processes = heard
    ray.shutdown()


def died() -> str:
    """What has ended of the processes of a cluster of this process alone; empty while all is well."""
    node = ray._private.worker._global_node
    ended = {name for name, _ in node.dead_processes()} if node else set()
    return " and ".join(sorted(_NEEDED & ended))


def kill() -> None:
    """Ends the processes of a cluster of this process alone, which need not answer, and the agents in their groups.

    Workers end as soon as they have lost their raylet.
    """
    node = ray._private.worker._global_node
    for started in node.all_processes.values() if node else ():
        for each in started:
            with suppress(ProcessLookupError):
                os.killpg(each.process.pid, signal.SIGKILL)


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
    storage = UriStorage.of(config)
    if storage:
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


def _start_local(config: SweepConfig) -> None:
    """A cluster of this process alone, on this machine, with one slot a trial.

    No worker is started before a trial asks for it: Ray would start others beside those that are not ready yet.
    """
    _keep_stdout_clean()
    own_token()
    # Ray gives up when it has not started in 30 s, as ten that start at once on few cores have not
    with turn("ray"), _out_of_our_session():
        ray.init(
            address="local",
            num_cpus=config.concurrency,
            num_gpus=gpu_count(),
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            _system_config={"enable_worker_prestart": False, "prestart_worker_first_driver": False},
        )


@contextmanager
def _out_of_our_session() -> Iterator[None]:
    """Starts Ray's processes where no signal to our process group, or from our terminal, reaches them.

    They would end under us, and trials could not save themselves. They end with this process all the same: Ray asks
    the kernel for that.
    """
    popen = services.ConsolePopen
    services.ConsolePopen = partial(popen, start_new_session=True)
    try:
        yield
    finally:
        services.ConsolePopen = popen


def _keep_stdout_clean() -> None:
    """Ray prints that a worker was killed to stdout, whatever its log_to_driver says: beside our --json."""
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
