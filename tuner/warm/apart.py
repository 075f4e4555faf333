"""Parting from whoever has started this process."""

from __future__ import annotations

import os


def part_from_caller(kept: int) -> None:
    """Takes a session of its own, and closes streams and all files but one, so that nobody waits for them."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
