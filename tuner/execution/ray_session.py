"""Starting Ray on this machine, or connecting to the cluster that this process is on; and ending it."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ray
from platformdirs import user_cache_path
from ray._private import services
from ray.job_config import JobConfig

from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.core.machine import gpu_count
from tuner.execution.ray_watchdog import Watchdog
from tuner.execution.resources import WORKER_SLOTS, Node
from tuner.execution.signals import Stop

LOCK_PATIENCE_S = 300.0  # after which a process no longer waits: the one before it may be suspended
LOCK_POLL_S = 0.1


@contextmanager
def machine_lock(what: str) -> Iterator[None]:
    """Waits until no other process does `what`. A process that dies loses its turn."""
    with ExitStack() as stack:
        with suppress(OSError):  # if nothing can be written, nobody waits
            folder = user_cache_path("tuner", ensure_exists=True)
            file = stack.enter_context((folder / f"{what}.lock").open("a"))
            until = time.monotonic() + LOCK_PATIENCE_S
            while not _lock_taken(file.fileno()) and time.monotonic() < until:
                time.sleep(LOCK_POLL_S)
        yield


def _lock_taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


TOKEN_BYTES = 32  # Ray asks for their hexadecimal digits


def ensure_token() -> None:
    """Creates the token of this user's own clusters if it is missing; nobody else may read it.

    Ray would create it with the permissions of the umask. And two first uses at the same time would overwrite each
    other's token, after half of the processes have read it.
    """
    if os.environ.get("RAY_AUTH_TOKEN"):
        return
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    with suppress(OSError):  # if nothing can be written, Ray says what is missing
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_token(path)
        path.chmod(0o600)


def _make_token(path: Path) -> None:
    """Writes a token, unless another process has been faster."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        new.touch(0o600)
        new.write_text(secrets.token_hex(TOKEN_BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(new)
    finally:
        new.unlink(missing_ok=True)


class OwnPath(JobConfig):  # type: ignore[misc]
    """Keeps the folder where a command was typed off the path that workers import from: a file there is data.

    Ray would put it first, so that a user's own queue.py or tuner.py was run in each worker. It leaves it out where a
    job has a working folder, and asks that of this method alone.
    """

    def _runtime_env_has_working_dir(self) -> bool:
        return True


_NEEDED = {"raylet", "gcs_server"}  # the processes of Ray that trials need; the others only inform people


@contextmanager
def ray_session(config: SweepConfig, stop: Stop, guard: Watchdog) -> Iterator[None]:
    """The Ray cluster for the sweep's trials: the one that this process runs on, or a local one that it starts.

    Signals that `stop` handles do not interrupt the shutdown, which `guard` watches.
    """
    with stop.ray_starting():
        if on_cluster():
            connect()
        else:
            _start_local(config)
    with guard.watching():
        try:
            yield
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
        _keep_stdout_clean()
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


def _start_local(config: SweepConfig) -> None:
    """Starts a local cluster for this process alone, with one slot per trial.

    No worker is started before a trial asks for one: Ray would start extra workers while the first are not ready yet.
    """
    _keep_stdout_clean()
    ensure_token()
    # Ray gives up if it does not start within 30 s, and ten that start at once on few cores take longer
    with machine_lock("ray"), _out_of_our_session():
        ray.init(
            address="local",
            job_config=OwnPath(),
            num_cpus=config.concurrency,
            num_gpus=gpu_count(),
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            _system_config={"enable_worker_prestart": False, "prestart_worker_first_driver": False},
        )


@contextmanager
def _out_of_our_session() -> Iterator[None]:
    """Starts Ray's processes in sessions of their own: no signal to our process group or from our terminal gets there.

    Such a signal would end them before trials are saved. They still end with this process: Ray asks the kernel for
    that.
    """
    popen = services.ConsolePopen
    services.ConsolePopen = partial(popen, start_new_session=True)
    try:
        yield
    finally:
        services.ConsolePopen = popen


def _keep_stdout_clean() -> None:
    """Stops Ray from printing to stdout, next to our --json, that a worker was killed: log_to_driver does not."""
    ray._private.worker.print_to_stdstream = lambda *_, **__: None
