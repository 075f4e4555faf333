"""Ray's nodes over the nodes that Slurm has given to this job: a head here, and a worker on each of the others."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tuner.core.environment import DEFAULTS, ON_CLUSTER, SHARED_DISK
from tuner.core.errors import TunerError
from tuner.execution.slurm.node import END, END_S, free_port, own_address

START_S = 300.0  # how long nodes may take to start: they read Python from a shared disk
POLL_S = 0.5
NODE = (sys.executable, "-P", "-m", "tuner.execution.slurm.node")
_STEP = ("--nodes=1", "--ntasks=1", "--overlap", "--no-kill", "--kill-on-bad-exit=0", "--cpu-bind=none", "--mpi=none")
PULL_TIMEOUT = {"RAY_object_manager_pull_timeout_ms": "120000"}
"""For nodes of Ray. Data that has not come after this time is asked for from another node, and then often comes twice.

Ray's own limit is 10 s: a gigabyte takes longer over a network of 1 Gbit/s that others use, too.
"""
_SIZES = (
    "GPU",
    "NTASKS",
    "NPROCS",
    "CPUS_PER",
    "TRES",
    "CORES_PER",
    "THREADS_PER",
    "MEM_PER",
    "NNODES",
    "DISTRIBUTION",
)
"""In the names of variables by which `srun` would ask for what the whole job has: a step gets what its node has."""


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """What Slurm has given to this job."""

    job: str
    nodes: tuple[str, ...]
    """Their names, this one first."""

    @classmethod
    def here(cls) -> Allocation:
        """That of this process. Raises TunerError outside of a job."""
        job, here = os.environ.get("SLURM_JOB_ID"), os.environ.get("SLURMD_NODENAME")
        if not job or not here:
            raise TunerError(
                "this runs in a job of Slurm: tuner sweep ... --slurm '...', or sbatch docker/slurm.sh ..."
            )
        shown = subprocess.run(["scontrol", "show", "hostnames"], capture_output=True, text=True, check=True)
        return cls(job=job, nodes=(here, *(name for name in shown.stdout.split() if name != here)))


@dataclass(frozen=True, kw_only=True)
class RayJob:
    """A Ray that runs over an allocation."""

    address: str
    nodes: int
    """How many have come up."""
    environment: dict[str, str]
    """Of the process that runs the sweep."""


@contextmanager
def ray_over(allocation: Allocation, stopped: Callable[[], bool]) -> Iterator[RayJob]:
    """Starts Ray on all nodes of the job; ends it with the block.

    Args:
        allocation: the job's.
        stopped: whether the job is to end: then this waits no longer for nodes.

    Raises:
        TunerError: Ray does not start on this node.
    """
    address = f"{own_address()}:{free_port()}"
    environment = _environment(address)
    os.environ.update({name: environment[name] for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")})  # to count the nodes
    started: list[subprocess.Popen[bytes]] = []

    def begin(*command: str) -> None:
        variables = {name: value for name, value in environment.items() if name != "RAY_ADDRESS"}
        if command[0] == "srun":
            variables = without_sizes(variables)
        started.append(subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, start_new_session=True))

    try:
        begin(*NODE, address, "--head")
        if not (_listens(address, started[0], stopped) and _count(address, started, stopped)) and not stopped():
            raise TunerError(f"Ray does not start on {allocation.nodes[0]}: the lines above say why")
        for name in allocation.nodes[1:]:
            begin("srun", *_STEP, f"--nodelist={name}", *NODE, address)
        yield RayJob(address=address, nodes=_count(address, started, stopped), environment=environment)
    finally:
        for process in reversed(started):
            process.send_signal(END)
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
        for process in started:
            process.kill()


def without_sizes(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what says how large the whole job is."""
    return {
        name: value
        for name, value in environment.items()
        if not (name.startswith(("SLURM_", "SRUN_")) and any(size in name for size in _SIZES))
    }


def _environment(address: str) -> dict[str, str]:
    """The token is made for this job, and goes to the nodes in the environment of their steps."""
    ours = {ON_CLUSTER: "1", SHARED_DISK: "1", "RAY_ADDRESS": address, "RAY_AUTH_MODE": "token"}
    found = {
        **DEFAULTS,
        **PULL_TIMEOUT,
        **os.environ,
        **ours,
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    found.pop("TUNER_ADDRESS", None)
    return found


def _listens(address: str, head: subprocess.Popen[bytes], stopped: Callable[[], bool]) -> bool:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + START_S
    while head.poll() is None and not stopped() and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=POLL_S):
            return True
        time.sleep(POLL_S)
    return False


def _count(address: str, started: list[subprocess.Popen[bytes]], stopped: Callable[[], bool]) -> int:
    """How many nodes have come up, once all of them have or no more will. The head is the first that is started."""
    deadline, alive = time.monotonic() + START_S, 0
    while started[0].poll() is None and not stopped() and time.monotonic() < deadline:
        with suppress(Exception):  # whatever it is that a Ray raises which has just started
            alive = _alive(address)
        if alive >= sum(process.poll() is None for process in started):
            break
        time.sleep(POLL_S)
    return alive


def _alive(address: str) -> int:
    """How many nodes Ray has."""
    from ray._raylet import GcsClient  # type: ignore[attr-defined] # noqa: PLC0415 - takes a second

    found = GcsClient(address=address).get_all_node_info(timeout=10)
    return sum(node.state == 0 for node in found.values())
