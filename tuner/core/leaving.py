"""The end of a process, without what takes long and does nothing."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from typing import NoReturn


def exit_code(command: Callable[[], None]) -> int:
    """Runs a command. Returns the exit status."""
    try:
        command()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)  # noqa: T201 - as Python does
        return 1
    return 0


def leave(code: int, last: Callable[[int], None] = lambda _: None) -> NoReturn:
    """Ends the process once all that asked to be told has been told; `last` is told the exit status.

    Python would take down torch, Ray and MLflow module by module next, which takes seconds and does nothing else.
    """
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()  # waits for threads that are no daemons, as Python does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # nobody reads any more, or it is closed
            code = code or 120  # as Python ends then
    last(code)
    os._exit(code)
