"""What a fork of the zygote does: it becomes the caller, waits for its go, and runs what was asked for."""

from __future__ import annotations

import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from tuner.core.leaving import exit_code, leave
from tuner.warm import wire
from tuner.warm.caller import become
from tuner.warm.mark import use

ENTRIES = {
    "command": "tuner.cli.forked:main",
    "worker": "tuner.execution.forked_ray:run_worker",
    "report": "tuner.sweeps.draw_report:main",
}
"""What is run for each kind of request. This room imports none of it."""
MOST_FILES = 8
GO_S = 60.0  # how long the caller may take: it may be suspended at just that moment


def run(kind: str, mark: str, connection: socket.socket, caller: dict[str, Any], files: list[int]) -> NoReturn:
    """Runs what was asked for, and ends this process, a fork in which all signals are blocked.

    Nothing is done before the caller has said go: one that has waited too long does its work by itself.
    """
    use(mark, forked=True)
    try:
        become(caller, files)
        connection.settimeout(GO_S)
        wire.send(connection, {"ready": os.getpid()})
        wire.receive(connection)
        connection.settimeout(None)
        if kind == "command":
            threading.Thread(target=_end_with_client, args=(connection,), daemon=True).start()
        else:
            connection.close()
    except BaseException:
        os._exit(1)
    _run(kind, connection)


def _run(kind: str, connection: socket.socket) -> NoReturn:
    module, _, name = ENTRIES[kind].partition(":")
    try:
        entry: Callable[[], None] = getattr(import_module(module), name)
        code = exit_code(entry)
    except BaseException:  # as Python shows what nobody has caught
        traceback.print_exc()
        code = 1
    leave(code, lambda code: _say_left(connection, code))


def _say_left(connection: socket.socket, code: int) -> None:
    """Tells the client the exit status, for the case that the zygote cannot: it may have been killed."""
    try:
        wire.send(connection, {"left": code})
    except OSError:  # the client was killed, and so will this process be
        return


def _end_with_client(connection: socket.socket) -> None:
    """Kills this process when its client was killed: for whoever killed the command, the client was the command."""
    try:
        while connection.recv(1):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGKILL)
