"""A zygote of a single command: while that imports what it needs, this process imports what its workers need.

The workers are forked from it, and the process that draws the report. It is a child of the command, and ends with it.
A command that is itself a fork has no need of one.
"""

from __future__ import annotations

import os
import sys

from tuner.warm.apart import part_from_caller
from tuner.warm.mark import use
from tuner.warm.place import OWN, has_gpus, may_fork, own_address

TYPE_CHECKING = False  # that of typing takes longer
if TYPE_CHECKING:
    import socket

WITH_WORKERS = ("sweep", "resume")  # commands that start workers, as a rule
_WITHOUT = ("--address", "--slurm", "--detach", "--dry-run", "--dashboard", "--help", "-h")
_BACKLOG = 64
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl


def begin_own() -> None:
    """Starts one, where the command line looks like that of a sweep on this machine. It must have no threads yet."""
    words = sys.argv[1:]
    if not words or words[0] not in WITH_WORKERS or any(word.startswith(_WITHOUT) for word in words):
        return
    if not may_fork() or has_gpus():
        return
    import socket  # noqa: PLC0415 - other commands do without it

    mark, command = f"{OWN}{os.urandom(16).hex()}", os.getpid()
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(own_address(mark))
            listener.listen(_BACKLOG)  # who comes early waits
            if not os.fork():
                _become_zygote(listener, mark, command)
    except OSError:  # no process more, or no memory: each worker imports for itself then
        return
    use(mark)


def _become_zygote(listener: socket.socket, mark: str, command: int) -> None:
    """Ends this process, in the end."""
    try:
        _end_with(command)
        part_from_caller(listener.fileno())
        from tuner.warm import preload, zygote  # noqa: PLC0415 - the command itself does not wait for these

        preload.preload_for_workers()
        zygote.Zygote(listener, mark, float("inf"), lambda: None).serve()
    finally:
        os._exit(0)


def _end_with(command: int) -> None:
    """Lets the kernel end this process when the command ends, however it ends."""
    import ctypes  # noqa: PLC0415
    import signal  # noqa: PLC0415

    if ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0) or os.getppid() != command:
        os._exit(0)
