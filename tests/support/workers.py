"""What the workers of pytest-xdist share, and what each has for itself."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

WORKER_PORTS = 8000


def worker() -> str:
    """The name of this worker, such as gw0; empty when pytest runs alone."""
    return os.environ.get("PYTEST_XDIST_WORKER", "")


def folder_of_all(factory: pytest.TempPathFactory) -> Path:
    """The folder of the session, which all workers see."""
    return factory.getbasetemp().parent if worker() else factory.getbasetemp()


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], str]) -> tuple[Path, str]:
    """A folder of the session that `make` fills, and what that returns: once for all workers, which wait for it."""
    if not worker():
        folder = factory.mktemp(name)
        return folder, make(folder)
    folder = folder_of_all(factory) / name
    done = folder.with_name(f"{name}.done")
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # another worker may have failed
            folder.mkdir()
            done.write_text(make(folder), encoding="utf-8")
    return folder, done.read_text(encoding="utf-8")


def ray_worker_ports(node: int) -> list[str]:
    """Options of `ray start` for the node of this number: 400 ports that no other node of these tests uses."""
    first = 20_000 + 400 * node + (os.getpid() % 50) * 8 + WORKER_PORTS * int(worker().removeprefix("gw") or 0)
    return [f"--min-worker-port={first}", f"--max-worker-port={first + 399}"]
