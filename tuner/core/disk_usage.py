"""How much of the disk files and folders take."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_BLOCK = 512  # bytes: the unit of `st_blocks`, whatever the file system


def disk_usage(path: Path) -> int:
    """Bytes that a file, or a folder with all that is in it, takes on the disk, as `du` counts them.

    A file with several names in it counts once, and a link as itself. What cannot be read, or vanishes, counts nothing.
    """
    known: set[tuple[int, int]] = set()
    return _usage(str(path), known)


def _usage(path: str, known: set[tuple[int, int]]) -> int:
    try:
        found = os.lstat(path)
    except OSError:
        return 0
    if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
        if (found.st_dev, found.st_ino) in known:
            return 0
        known.add((found.st_dev, found.st_ino))
    size = found.st_blocks * _BLOCK
    if stat.S_ISDIR(found.st_mode):
        try:
            with os.scandir(path) as inside:
                return size + sum(_usage(each.path, known) for each in inside)
        except OSError:
            return size
    return size
