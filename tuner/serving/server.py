"""Runs an ASGI application until Ctrl-C or SIGTERM, and ends it cleanly."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from tuner.core.errors import TunerError

KEEP_S = 75  # a connection on which nothing comes; longer than browsers wait before they use it again
PATIENCE_S = 5  # how long requests may take that run when the server ends
MOST_PORTS = 50


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket that listens there.

    Raises:
        TunerError: the port is taken, or this machine has no such address; the message names the option.
    """
    listener = _bound(host, port)
    if listener is None:
        raise TunerError(f"{option} {port} is taken: choose another, such as {option} {port + 1}")
    return listener


def listen_from(host: str, port: int) -> socket.socket:
    """A socket that listens on the first free port from this one on. Raises TunerError when there is none nearby."""
    for each in range(port, min(port + MOST_PORTS, 65536)):
        listener = _bound(host, each)
        if listener is not None:
            return listener
    raise TunerError(f"the ports {port} to {port + MOST_PORTS - 1} are all taken")


def _bound(host: str, port: int) -> socket.socket | None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except OSError as error:
        raise TunerError(f"--host {host}: {error.strerror or error}") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return None
        raise TunerError(f"--host {host}: {error.strerror or error}") from None
    return listener


class Server(uvicorn.Server):
    """uvicorn, which tells when it begins to end: answers that go on and on must end then."""

    def __init__(self, app: ASGIApp, closing: Callable[[], None] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_S,
                timeout_graceful_shutdown=PATIENCE_S,
                ws="none",
            )
        )
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: the server ends."""
        self._closing()
        super().handle_exit(sig, frame)

    def close(self) -> None:
        """Ends it, from another thread."""
        self._closing()
        self.should_exit = True


def run(app: ASGIApp, listener: socket.socket, closing: Callable[[], None] = lambda: None) -> None:
    """Serves the application until Ctrl-C or SIGTERM. `closing` is called when it begins to end."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):  # uvicorn raises the signal again at its end
            Server(app, closing).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()
