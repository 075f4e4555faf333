"""SIGTERM, as schedulers and `kill` send it, treated like Ctrl-C."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


def interrupt() -> None:
    """Ctrl-C, for this process. A shell's script starts what runs in its background with SIGINT ignored."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.SIGINT)


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM to this process becomes SIGINT, on which a sweep saves what it has and ends."""
    before = signal.signal(signal.SIGTERM, lambda *_: interrupt())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
