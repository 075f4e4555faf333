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

from tuner.core.config import SweepConfig
from tuner.core.environment import on_cluster
from tuner.core.machine import gpu_count
from tuner.execution.resources import WORKER_SLOTS, Node
from tuner.execution.signals import Stop
from tuner.execution.watchdog import Watchdog

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


_NEEDED = {"raylet", "gcs_server"}  # of Ray's processes: the others serve people


@contextmanager
def ray_session(config: SweepConfig, stop: Stop, guard: Watchdog) -> Iterator[None]:
    """The Ray that the sweep's trials run on: the cluster that this process is on, or one of its own.

    What `stop` listens to does not break off the end of it; `guard` watches over that.
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
    """Ends Ray, or our connection to it. SIGTERM would kill us meanwhile: Ray resets its handler, and then waits."""
    node = ray._private.worker._global_node
    end_processes = node.kill_all_processes

    def heard(**options: Any) -> None:
        stop.hear_sigterm()
        end_processes(**options)

    node.kill_all_processes = heard
    ray.shutdown()


def dead_processes() -> str:
    """What has ended of the processes of a cluster of this process alone; empty while all is well."""
    node = ray._private.worker._global_node
    ended = {name for name, _ in node.dead_processes()} if node else set()
    return " and ".join(sorted(_NEEDED & ended))


def kill_processes() -> None:
    """Ends the processes of a cluster of this process alone, which need not answer, and the agents in their groups.

    Workers end as soon as they have lost their raylet.
    """
    node = ray._private.worker._global_node
    for started in node.all_processes.values() if node else ():
        for each in started:
            with suppress(ProcessLookupError):
                os.killpg(each.process.pid, signal.SIGKILL)


def connect() -> None:
    """Connects this process to the cluster that it is on, unless it is connected."""
    if not ray.is_initialized():
        _keep_stdout_clean()
        ray.init(address="auto", log_to_driver=False, logging_level="error")


def this_node() -> str:
    """What a report says of where it comes from; empty for a Ray of this process alone."""
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
    """A cluster of this process alone, on this machine, with one slot a trial.

    No worker is started before a trial asks for it: Ray would start others beside those that are not ready yet.
    """
    _keep_stdout_clean()
    ensure_token()
    # Ray gives up when it has not started in 30 s, as ten that start at once on few cores have not
    with machine_lock("ray"), _out_of_our_session():
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
