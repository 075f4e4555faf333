"""Nodes that hang: all their processes are stopped, seen as dead, and go on when their trials have gone elsewhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.process_groups import with_variable
from support.processes import wait_until
from support.ray_cluster import Node

from faults.three_nodes import Team, last_node
from tuner.search.study_reader import read_records

# Ray calls a node dead after 5 silent looks, each of 3 s with a pause of 10 s before it; here after some seconds
IMPATIENT = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}
WAIT_S = 120.0


@contextmanager
def frozen(node: Node) -> Iterator[list[int]]:
    """A node that hangs, and wakes up in the end. Gives the ids of its processes."""
    stopped = processes(node)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield stopped
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def processes(node: Node) -> list[int]:
    """Those of a node: they have its folder as their home."""
    return with_variable("HOME", node.folder)


def workers(pids: list[int]) -> list[int]:
    """Which of them train, or have trained."""
    found = []
    for pid in pids:
        with suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith((b"ray::TrialWorker", b"ray::_Inner")):
                found.append(pid)
    return found


def wait_until_moved(team: Team, sweep: str, trial: int, away_from: str) -> None:
    """Until another node has reported an epoch of the trial, or the trial has ended."""

    def moved() -> bool:
        record = read_records(team.journal(sweep))[trial]
        return record.ended or last_node(record) != away_from

    assert wait_until(moved, timeout=WAIT_S, poll=0.1), f"trial {trial} is still on {away_from}"


def wait_until_gone(pids: list[int]) -> list[int]:
    """Those that have not ended in time."""
    wait_until(lambda: not workers(pids), timeout=WAIT_S, poll=0.1)
    return workers(pids)
