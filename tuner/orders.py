"""What another process asks of the one that runs a sweep: a file in the sweep's folder, which it reads as it goes."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from tuner.files import write_atomic

FILE, GATE = "order", "order.lock"


class Order(Enum):
    """What is asked."""

    STOP = "stop"
    """End the search with the epochs that are running, then test and register the best so far."""
    PAUSE = "pause"
    """Save all trials and end, to go on later."""


@contextmanager
def gate(folder: Path) -> Iterator[None]:
    """One process at a time comes through.

    Whoever gives an order looks inside whether there is somebody to obey it, and whoever begins to run the sweep
    forgets the orders to those before it inside: so none is forgotten that was meant for this one.
    """
    with (folder / GATE).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def give(folder: Path, order: Order) -> None:
    """Asks for it. A later order takes the place of an earlier one."""
    write_atomic(folder / FILE, lambda file: file.write(order.value.encode()))


def given(folder: Path) -> Order | None:
    """What is asked for now. Costs a few microseconds when there is nothing."""
    try:
        return Order((folder / FILE).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None


def clear(folder: Path) -> None:
    """Forgets what was asked."""
    (folder / FILE).unlink(missing_ok=True)
