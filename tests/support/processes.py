"""The one way in which tests start a process, wait for something, and end a process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Process = subprocess.Popen[str]
WAIT_S = 600.0
END_S = 30.0


def start(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: Path | None = None,
    leader: bool = False,
    **account: Any,
) -> Process:
    """Starts a command in a folder, without an input.

    What it prints is appended to the file `output`, or goes into two pipes. A `leader` has a process group of its own,
    which Ctrl-C in the tests' terminal does not reach. `account` is the user and the groups that it runs as.
    """
    common: dict[str, Any] = {"cwd": folder, "env": environment, "start_new_session": leader, "text": True, **account}
    common["stdin"] = subprocess.DEVNULL
    if output is None:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **common)
    with output.open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, **common)


def wait_until(
    condition: Callable[[], T], process: Process | None = None, *, timeout: float = WAIT_S, poll: float = 0.2
) -> T | None:
    """What the condition gives as soon as that is true; None when the process ends before, or the time is over.

    It is asked every `poll` seconds, and again after an OSError, such as one of a server that is not ready.
    """
    deadline = time.monotonic() + timeout
    while (process is None or process.poll() is None) and time.monotonic() < deadline:
        with suppress(OSError):
            if found := condition():
                return found
        time.sleep(poll)
    return None


def end(process: Process, how: signal.Signals = signal.SIGTERM, *, timeout: float = END_S, group: bool = False) -> None:
    """Sends the signal and waits; after `timeout` seconds it is killed, with its process group if it leads a `group`.

    SIGKILL goes to the whole group at once. Does nothing when the process has ended.
    """
    if how is not signal.SIGKILL:
        process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=timeout)
            return
    if group:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
