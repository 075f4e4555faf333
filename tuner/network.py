"""Downloads with torch's and torchvision's own functions, but for a network that never answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

SILENCE = 30.0  # seconds without a byte until a download has failed: a firewall that drops packets never answers


@contextmanager
def silence_ends() -> Iterator[None]:
    """New sockets give up after SILENCE: torch opens its urls without a timeout, so only the default reaches them."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
