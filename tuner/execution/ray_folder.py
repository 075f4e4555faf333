"""Where a Ray of this process alone keeps its files: in a folder that no other user can write to."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from tuner.core.environment import on_cluster
from tuner.core.errors import SweepError

LEAST_DISK = 20 << 20  # bytes, for what Ray writes as it starts
FULL = 1 << 20  # bytes that are left, with which Ray's processes fail in many ways
_ELSEWHERE = "set RAY_TMPDIR to a folder of your own"


def ray_disk() -> Path:
    """The folder under which Ray's files lie: RAY_TMPDIR, else TMPDIR, else /tmp."""
    return Path(os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp")


def choose_folder(onwards: str) -> Path:
    """The folder of Ray's files, with room for them. Ray will use it too: RAY_TMPDIR is set.

    Where nobody has chosen one, it is a folder of this user alone. Ray's own choice, /tmp/ray, is open to all: users
    would replace each other's links, and could delete each other's files.

    Args:
        onwards: how to go on once that is mended.

    Raises:
        SweepError: it cannot be made or written, it is another user's, or its disk is full.
    """
    base = ray_disk()
    if not os.environ.get("RAY_TMPDIR"):
        base = _own(base, onwards)
        os.environ["RAY_TMPDIR"] = str(base)
    folder = base / "ray"
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK):
        raise SweepError(f"Ray cannot write to {there}: {_ELSEWHERE}, {onwards}")
    if shutil.disk_usage(there).free < LEAST_DISK:
        raise SweepError(f"the disk of {there}, where Ray keeps its files, is full: free some space, {onwards}")
    return folder


def full_disk() -> str:
    """That the disk of Ray's files is full, in words; empty while it has room, or where Ray is a cluster's."""
    folder = ray_disk()
    if on_cluster() or not folder.exists() or shutil.disk_usage(folder).free > FULL:
        return ""
    return f"the disk of {folder}, where Ray keeps its files, is full"


def _own(base: Path, onwards: str) -> Path:
    """`base` where only this user can write to it, else a folder in it for this user alone."""
    try:
        if not base.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return base
        own = base / f"ray-of-{os.getuid()}"  # short: Ray's sockets are in it, and their paths may have 107 characters
        own.mkdir(mode=0o700, exist_ok=True)
        found = own.lstat()
    except OSError as error:
        raise SweepError(f"Ray cannot write to {base} ({error.strerror}): {_ELSEWHERE}, {onwards}") from None
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise SweepError(f"{own}, where Ray is to keep its files, is another user's: {_ELSEWHERE}, {onwards}")
    own.chmod(0o700)
    return own
