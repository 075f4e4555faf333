"""The end of a process, without what takes long and does nothing."""

from __future__ import annotations

import atexit
import os
import sys


def leave(code: int) -> None:
    """Ends the process once all that asked to be told has been told.

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
    os._exit(code)
