"""Starts a user's program and ends it, with all that it has started, when its standard input ends.

It is run as a file, `python script_guard.py COMMAND...`, and imports nothing of tuner, so that it starts at once. Its
standard input is a pipe from the worker: that ends when the worker ends the trial, and also when the worker is killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 10.0  # how long the program has to end by itself after SIGTERM


def main() -> None:
    """Exits with the status of the program; 128 and the signal's number when one has ended it."""
    try:
        program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{sys.argv[1]}: {error.strerror}", file=sys.stderr)  # noqa: T201
        sys.exit(127)
    threading.Thread(target=_end_with_input, args=(program.pid,), daemon=True).start()
    status = program.wait()
    _signal(program.pid, signal.SIGKILL)  # what it has left behind
    sys.stdout.flush()
    os._exit(status if status >= 0 else 128 - status)


def _end_with_input(group: int) -> None:
    while os.read(0, 1024):
        pass
    _signal(group, signal.SIGTERM)
    time.sleep(GRACE_S)
    _signal(group, signal.SIGKILL)
    os._exit(1)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    main()
