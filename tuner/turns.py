"""What the processes of one user do one after the other on a machine, since together they would starve each other."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 300.0  # after which something is done out of turn: whoever has it may have been stopped
POLL_S = 0.1


@contextmanager
def turn(what: str) -> Iterator[None]:
    """Waits until no other process does `what`. Who dies has had its turn."""
    with (Path(tempfile.gettempdir()) / f"tuner-{os.getuid()}-{what}.lock").open("a") as file:
        until = time.monotonic() + PATIENCE_S
        while not _taken(file.fileno()) and time.monotonic() < until:
            time.sleep(POLL_S)
        yield


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
