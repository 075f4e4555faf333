"""A disk of a few megabytes that becomes full in truth: a tmpfs in a mount namespace that no other process sees."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KEEPER = 'mount -t tmpfs -o "size=$1" none "$2" && echo ready && cat'


class SmallDisk:
    """Mounted as long as its keeper lives."""

    def __init__(self, keeper: subprocess.Popen[str], folder: Path) -> None:
        self._keeper = keeper
        self._folder = folder

    @property
    def view(self) -> Path:
        """The disk as the processes outside see it."""
        return Path(f"/proc/{self._keeper.pid}/root{self._folder}")

    def inside(self, *command: str) -> list[str]:
        """The command that runs a command with the disk as its working folder."""
        user = [] if os.getuid() == 0 else ["--user", "--preserve-credentials"]
        enter = ["nsenter", "--target", str(self._keeper.pid), "--mount", *user]
        return [*enter, "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(self._folder), *command]

    def resize(self, size: int) -> None:
        """Makes the disk so many bytes large."""
        self._mount(f"remount,rw,size={size}")

    def size(self) -> int:
        """Bytes."""
        there = os.statvfs(self.view)
        return there.f_blocks * there.f_bsize

    def make_read_only(self) -> None:
        """As a disk becomes when its file system finds an error. No file of it may be open for writing."""
        self._mount("remount,ro")

    def _mount(self, options: str) -> None:
        subprocess.run(self.inside("mount", "-o", options, str(self._folder)), check=True)


def hindrance() -> str:
    """Why there can be no such disk here; empty when there can."""
    missing = [name for name in ("unshare", "nsenter", "mount") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} missing"
    tried = subprocess.run([*_unshare(), "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return f"no disk may be mounted: {tried.stderr.decode().strip()}" if tried.returncode else ""


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """A disk of `size` bytes, for processes that are started `inside`."""
    command = [*_unshare(), "sh", "-c", _KEEPER, "sh", str(size), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        try:
            assert keeper.stdout.readline() == "ready\n"
            yield SmallDisk(keeper, folder)
        finally:
            keeper.stdin.close()


def _unshare() -> list[str]:
    return ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]


@contextmanager
def no_larger_than(size: int) -> Iterator[None]:
    """No file that this process writes grows beyond so many bytes: what is written then fails half way, in truth."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
