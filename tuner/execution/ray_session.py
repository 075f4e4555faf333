"""The Ray that a sweep uses: one of its own, see `ray_start`, or the cluster that this process is on; and its end."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import ray

from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.execution.ray_start import OwnPath, keep_stdout_clean, start_local
from tuner.execution.ray_watchdog import Watchdog
from tuner.execution.resources import WORKER_SLOTS, Node
from tuner.execution.signals import Stop

_NEEDED = {"raylet", "gcs_server"}  # the processes of Ray that trials need; the others only inform people


@contextmanager
def ray_session(config: SweepConfig, stop: Stop, guard: Watchdog, *, dashboard: bool) -> Iterator[str]:
    """The Ray cluster for the sweep's trials: the one that this process runs on, or a local one that it starts.

    Yields the address of the `dashboard` that was started, empty if none was. Signals that `stop` handles do not
    interrupt the shutdown, which `guard` watches.
    """
    address = ""
    with stop.ray_starting():
        if on_cluster():
            connect()
        else:
            address = start_local(config, dashboard=dashboard)
    with guard.watching():
        try:
            yield address
        finally:
            with stop.deferred(), guard.closing():
                _shut_down(stop)


def _shut_down(stop: Stop) -> None:
    """Shuts Ray down, or disconnects from the cluster.

    Ray resets the SIGTERM handler and then waits. A SIGTERM would kill this process then, so the handler is set again.
    """
    node = ray._private.worker._global_node
    end_processes = node.kill_all_processes

    def heard(**options: Any) -> None:
        stop.hear_sigterm()
        end_processes(**options)

    node.kill_all_processes = heard
    ray.shutdown()


def dead_processes() -> str:
    """The needed processes of a local cluster that have died; empty while all run."""
    node = ray._private.worker._global_node
    ended = {name for name, _ in node.dead_processes()} if node else set()
    return " and ".join(sorted(_NEEDED & ended))


def kill_processes() -> None:
    """Kills the processes of a local cluster, even if they hang, and the agents in their process groups.

    Workers end by themselves as soon as they lose their raylet.
    """
    node = ray._private.worker._global_node
    for started in node.all_processes.values() if node else ():
        for each in started:
            with suppress(ProcessLookupError):
                os.killpg(each.process.pid, signal.SIGKILL)


def connect() -> None:
    """Connects this process to the cluster that it runs on, unless it is connected already."""
    if not ray.is_initialized():
        keep_stdout_clean()
        ray.init(address="auto", job_config=OwnPath(), log_to_driver=False, logging_level="error")


def this_node() -> str:
    """The name of this node for reports; empty on a Ray of this process alone."""
    return f"{socket.gethostname()}/{ray.get_runtime_context().get_node_id()[:8]}" if on_cluster() else ""


def nodes() -> list[Node]:
    """The nodes of the cluster, and those that its autoscaler may still start."""
    connect()
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
    return Node(cpus=cpus, gpus=gpus, places=resources.get(WORKER_SLOTS, 0.0))
