"""What the processes of one user do one after the other on a machine, since together they would starve each other."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from platformdirs import user_cache_path

PATIENCE_S = 300.0  # after which something is done out of turn: whoever has it may have been stopped
POLL_S = 0.1


@contextmanager
def turn(what: str) -> Iterator[None]:
    """Waits until no other process does `what`. Who dies has had its turn."""
    with ExitStack() as stack:
        with suppress(OSError):  # where nothing can be written, nobody waits
            folder = user_cache_path("tuner", ensure_exists=True)
            file = stack.enter_context((folder / f"{what}.lock").open("a"))
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
