"""What a command is besides its code: its words, environment, folder, rights of new files, signals and files 0 to 2."""

from __future__ import annotations

import io
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

STREAMS = 3
_ALL = [each for each in signal.valid_signals() if each not in (signal.SIGKILL, signal.SIGSTOP)]


def describe() -> dict[str, Any]:
    """This process, to be sent with `files`."""
    mask = os.umask(0)
    os.umask(mask)
    ignored = [int(each) for each in _ALL if signal.getsignal(each) is signal.SIG_IGN]
    blocked = [int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
    environment = dict(os.environ)
    return {"words": sys.argv, "environment": environment, "umask": mask, "ignored": ignored, "blocked": blocked}


@contextmanager
def files(streams: Sequence[int] = range(STREAMS), more: Sequence[int] = ()) -> Iterator[list[int]]:
    """The descriptors that go along: streams, working folder and `more`. Raises OSError if a stream is closed."""
    for stream in streams:
        os.fstat(stream)
    folder = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield [*streams, folder, *more]
    finally:
        os.close(folder)


def become(caller: dict[str, Any], files: list[int]) -> None:
    """Makes this process, a fork, what the caller described: in a session of its own, without a terminal.

    The numbers of further files become its last words. Signals are to be blocked meanwhile. Raises OSError when the
    folder cannot be entered.
    """
    os.setsid()
    for stream, file in enumerate(files[:STREAMS]):
        os.dup2(file, stream)
    os.fchdir(files[STREAMS])
    for file in files[: STREAMS + 1]:
        os.close(file)
    os.umask(caller["umask"])
    os.environ.clear()
    os.environ.update(caller["environment"])
    sys.argv = [*caller["words"], *map(str, files[STREAMS + 1 :])]
    _take_signals(caller)
    _look_again()


def _take_signals(caller: dict[str, Any]) -> None:
    ignored = set(caller["ignored"])
    for each in _ALL:
        if each in ignored:
            signal.signal(each, signal.SIG_IGN)
        elif each == signal.SIGINT:
            signal.signal(each, signal.default_int_handler)
        elif signal.getsignal(each) is not None:  # a handler of C's own, such as faulthandler's
            signal.signal(each, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, caller["blocked"])


def _look_again() -> None:
    """Forgets what Python has kept of the surroundings, and what two forks must not share."""
    import random  # noqa: PLC0415 - the command that describes itself does not need it

    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=stream is sys.stderr or stream.isatty())
    tempfile.tempdir = None
    time.tzset()
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(None)
