"""The resident process: it waits for requests, forks, and tells each client how its fork has ended.

It does nothing between requests. It is attached to nothing, has no threads of Python's and has not computed: only such
a process may fork.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tuner.warm import fork, wire

REQUEST_S = 10.0  # how long a client may take to send its request: meanwhile nobody else is heard
LONGEST_S = 24 * 3600.0  # of one waiting: the system knows no endless one
_BACKLOG = 64


@dataclass(frozen=True)
class _Fork:
    pid: int
    kind: str
    connection: socket.socket


class Zygote:
    """Serves the requests that come to a socket until it is told to end, or has been idle for long enough."""

    def __init__(self, listener: socket.socket, mark: str, idle_s: float, gone: Callable[[], None]) -> None:
        """`mark` is the fingerprint that requests must have; `gone` removes the socket."""
        self._listener: socket.socket | None = listener
        self._mark = mark
        self._idle_s = idle_s
        self._gone = gone
        self._began = time.time()
        self._used = time.monotonic()
        self._forks: dict[int, _Fork] = {}
        """By the file descriptor of the process."""
        self._selector = selectors.DefaultSelector()

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Returns when it is over. Commands that still run then are not touched.

        `ready` is called once requests and signals are heard.
        """
        assert self._listener
        signal.signal(signal.SIGTERM, self._terminated)
        self._listener.listen(_BACKLOG)
        self._selector.register(self._listener, selectors.EVENT_READ)
        ready()
        while self._listener or self._commands():
            left = self._used + self._idle_s - time.monotonic()
            if not self._forks and left <= 0:
                break
            for key, _ in self._selector.select(None if self._forks else min(left, LONGEST_S)):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._reap(key.fd)
        self._close()

    def _terminated(self, number: int, frame: object) -> None:  # noqa: ARG002
        """The machine is being shut down, or somebody wants the memory."""
        self._gone()
        os._exit(0)

    def _commands(self) -> list[_Fork]:
        return [each for each in self._forks.values() if each.kind == "command"]

    def _close(self) -> None:
        if self._listener:
            self._gone()
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self) -> None:
        assert self._listener
        connection, _ = self._listener.accept()
        connection.settimeout(REQUEST_S)
        try:
            if not wire.is_ours(connection):
                return
            self._answer(connection)
        except (OSError, EOFError, ValueError):
            return  # a client that has ended, or something else that has connected
        finally:
            if all(each.connection is not connection for each in self._forks.values()):
                connection.close()

    def _answer(self, connection: socket.socket) -> None:
        """Answers a first message. Only then does a client send its files: they would stay open in one that is lost."""
        asked, _ = wire.receive(connection)
        kind = asked.get("kind")
        if kind == "end":
            self._close()
        if kind in ("look", "end"):
            wire.send(connection, self.state())
        elif kind in fork.ENTRIES and asked.get("mark") == self._mark:
            wire.send(connection, {"hello": os.getpid()})
            caller, files = wire.receive(connection, fork.MOST_FILES)
            try:
                self._fork(connection, kind, caller, files)
            finally:
                for file in files:
                    os.close(file)

    def state(self) -> dict[str, Any]:
        """The fields of `start.Up`."""
        idle_s = 0.0 if self._forks else time.monotonic() - self._used
        return {
            "pid": os.getpid(),
            "mark": self._mark,
            "began": self._began,
            "running": len(self._commands()),
            "idle_s": self._idle_s - idle_s,
        }

    def _fork(self, connection: socket.socket, kind: str, caller: dict[str, Any], files: list[int]) -> None:
        before = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        try:
            pid = os.fork()
            if not pid:
                self._leave_to(connection)
                fork.run(kind, self._mark, connection, caller, files)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._used = time.monotonic()
        started = _Fork(pid, kind, connection)
        process = os.pidfd_open(pid)
        self._forks[process] = started
        self._selector.register(process, selectors.EVENT_READ)

    def _leave_to(self, connection: socket.socket) -> None:
        """In a fork: closes what is the zygote's, so that others see the end of those who have ended."""
        self._selector.close()
        if self._listener:
            self._listener.close()
        for process, other in self._forks.items():
            os.close(process)
            if other.connection is not connection:
                other.connection.close()

    def _reap(self, process: int) -> None:
        """A fork has ended: its client hears how."""
        self._used = time.monotonic()
        ended = self._forks.pop(process)
        self._selector.unregister(process)
        os.close(process)
        _, status = os.waitpid(ended.pid, 0)
        try:
            wire.send(ended.connection, {"ended": status})
        except OSError:  # the client was killed
            pass
        finally:
            ended.connection.close()
