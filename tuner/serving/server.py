"""Runs an ASGI application until Ctrl-C or SIGTERM, and ends it cleanly."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

KEEP_S = 75  # a connection on which nothing comes: longer than browsers, proxies and the pools of clients wait
END_S = 5  # how long requests may take that run when the server ends


class Server(uvicorn.Server):
    """uvicorn, which tells when it answers, and when it begins to end: answers that go on and on must end then."""

    def __init__(
        self,
        app: ASGIApp,
        closing: Callable[[], object] = lambda: None,
        *,
        ready: Callable[[], object] = lambda: None,
        end_s: int = END_S,
        **own: Any,
    ) -> None:
        """Makes one, which does not run yet.

        Args:
            app: the application.
            closing: is called when the server begins to end, perhaps by the handler of a signal.
            ready: is called once, when requests are answered.
            end_s: how long requests may take that run when the server ends.
            own: further settings of uvicorn.
        """
        common: dict[str, Any] = {"log_config": None, "log_level": "warning", "access_log": False, "ws": "none"}
        common |= {"server_header": False, "timeout_keep_alive": KEEP_S, "timeout_graceful_shutdown": end_s}
        super().__init__(uvicorn.Config(app, **common, **own))
        self._closing, self._ready = closing, ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to `run`: uvicorn would send them to this process again at its end."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to answer."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    def close(self) -> None:
        """Ends it, from another thread or from the handler of a signal. The second call waits for no request."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._closing()


def run(server: Server, listener: socket.socket) -> None:
    """Serves until Ctrl-C or SIGTERM; then answers what has been asked, and returns. A second one ends it at once."""

    def end(*_: object) -> None:
        server.close()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        listener.close()
