"""Where the sockets of zygotes are: in a folder that only this user can enter. It imports nothing heavy."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SUFFIX = ".sock"
SWITCH = "TUNER_WARM"
"""The environment variable that switches warm starts off with the value 0."""


OWN = "own-"
"""The mark of a zygote that a command has for itself begins so. Its socket has no file."""
_ELSEWHERE = ("TUNER_ON_CLUSTER", "TUNER_ADDRESS", "RAY_ADDRESS")
"""Environment variables of a cluster: commands for one start as usual."""
_GPUS = ("/dev/nvidiactl", "/dev/kfd")


class UnsafeFolderError(Exception):
    """The folder of the sockets is another user's, or others may enter it."""


def may_fork() -> bool:
    """Whether forks are possible and wanted, for a command that is for this machine."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open") or os.environ.get(SWITCH) == "0":
        return False
    return not any(os.environ.get(name) for name in _ELSEWHERE)


def has_gpus() -> bool:
    """Whether this machine has GPUs that this process may use: forks have not been tried there."""
    return any(map(os.path.exists, _GPUS)) and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1")


def own_address(mark: str) -> str:
    """The address of the socket of a command's own zygote, a name that the kernel drops with the last process."""
    return f"\0tuner-{mark}"


def folder_path() -> str:
    """The folder of this user's sockets: in XDG_RUNTIME_DIR, else in TMPDIR or /tmp."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return os.path.join(runtime, "tuner")
    return os.path.join(os.environ.get("TMPDIR") or "/tmp", f"tuner-of-{os.getuid()}")


@contextmanager
def open_folder(path: str) -> Iterator[int]:
    """Opens the folder, for `address`. What was checked is what is used, even if somebody replaces the folder.

    Raises:
        FileNotFoundError: there is none.
        UnsafeFolderError: others than this user could have made what is in it.
        OSError: it cannot be opened.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(folder)
        if found.st_uid != os.geteuid():
            raise UnsafeFolderError(f"{path} is another user's")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise UnsafeFolderError(f"other users may enter {path}: its mode must be 0700")
        yield folder
    finally:
        os.close(folder)


def make_folder(path: str) -> None:
    """Creates the folder if it is missing. Raises OSError if that is not possible."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        os.mkdir(path, mode=0o700)
    except FileExistsError:
        return
    os.chmod(path, 0o700)  # whatever the umask


def address(folder: int, name: str) -> str:
    """The path of a socket in an open folder, short enough for any folder: sockets' paths have 107 characters."""
    return f"/proc/self/fd/{folder}/{name}"


def sockets(folder: int) -> list[str]:
    """The names of the sockets in an open folder; those of zygotes that were killed too."""
    return sorted(name for name in os.listdir(folder) if name.endswith(SUFFIX))


def is_safe_socket(folder: int, name: str) -> bool:
    """Whether this is a socket of this user that nobody else may connect to."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077
