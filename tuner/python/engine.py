"""Starts the process that runs a sweep, and follows it."""

from __future__ import annotations

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tuner.core.environment import path_to_package
from tuner.core.errors import SweepError, TunerError
from tuner.python.order import Order
from tuner.python.views import View

POLL_S = 0.2  # between two looks for a Ctrl-C
MOST_INTERRUPTS = 3
"""The first lets the trials save themselves, the second ends them, the third ends the process."""


class _InterruptedThereError(Exception):
    """The process of the sweep was interrupted before the sweep had begun."""


_ERRORS: dict[str, type[Exception]] = {"TunerError": TunerError, "KeyboardInterrupt": _InterruptedThereError}


def carry_out(order: Order, view: View) -> str:
    """Runs the order in a process of its own and shows in `view` what happens. Returns the sweep's name.

    After a Ctrl-C the trials save themselves; the sweep is then not finished, and that is no error.

    Raises:
        TunerError: something in the order is wrong; nothing has begun.
        SweepError: there is no model; what was done is kept.
        KeyboardInterrupt: Ctrl-C before the sweep has begun, or again and again.
    """
    try:
        with _process(order) as (process, lines):
            return _follow(process, lines, view)
    except _InterruptedThereError as interrupted:
        raise KeyboardInterrupt(str(interrupted)) from None


@contextmanager
def _process(order: Order) -> Iterator[tuple[subprocess.Popen[bytes], queue.Queue[bytes]]]:
    """The process, and what it tells, a line each; an empty one is the end."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tuner.python.child", str(writing)],
        stdin=subprocess.PIPE,
        pass_fds=[writing],
        env={**os.environ, **path_to_package()},
        start_new_session=True,  # a Ctrl-C at a terminal reaches the user's process alone
    )
    os.close(writing)
    lines: queue.Queue[bytes] = queue.Queue()
    reader = threading.Thread(target=_read, args=(reading, lines), daemon=True)
    reader.start()
    assert process.stdin is not None
    try:
        with suppress(BrokenPipeError):  # it has ended already, and says why
            pickle.dump(order, process.stdin)
            process.stdin.flush()
        yield process, lines
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
        reader.join()


def _read(descriptor: int, lines: queue.Queue[bytes]) -> None:
    with os.fdopen(descriptor, "rb") as pipe:
        for line in pipe:
            lines.put(line)
    lines.put(b"")


def _follow(process: subprocess.Popen[bytes], lines: queue.Queue[bytes], view: View) -> str:
    interrupts, name = 0, ""
    with view:
        while True:
            try:
                line = _next(lines)
                if line == b"":
                    break
                name = (_tell(json.loads(line), view) if line else "") or name
            except KeyboardInterrupt:  # the user's, here
                interrupts += 1
                if interrupts >= MOST_INTERRUPTS:
                    process.kill()
                    raise
                process.send_signal(signal.SIGINT)
    if not name:
        if interrupts:
            raise KeyboardInterrupt
        status = process.wait()
        raise SweepError(f"the process that ran the sweep ended with exit status {status}, without a word")
    return name


def _next(lines: queue.Queue[bytes]) -> bytes | None:
    """The next line; None when none has come for a moment."""
    try:
        return lines.get(timeout=POLL_S)
    except queue.Empty:
        return None


def _tell(message: dict[str, Any], view: View) -> str:
    """Shows a message. Returns the name of the sweep at its end. Raises the error that it tells of."""
    if "error" in message:
        raise _ERRORS.get(message["kind"], SweepError)(message["error"])
    view.show(message)
    return str(message.get("end", ""))
