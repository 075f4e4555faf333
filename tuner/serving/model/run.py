"""Runs the server of a model until a signal ends it."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import uvicorn

from tuner.core.errors import TunerError
from tuner.serving.model.app import make_app
from tuner.serving.model.protocol import LimitedProtocol
from tuner.serving.model.server import ModelServer, Say
from tuner.serving.model.settings import Settings

NEXT_PORTS = 100  # that are tried after the usual one
END_S = 30  # for requests that are being answered when the server is to end
KEEP_S = 75  # for the next request on a connection: longer than proxies and the pools of clients wait
BACKLOG = 2048


def serve(
    name: str, home: Path, settings: Settings, listener: socket.socket, say: Say, ready: Callable[[], object]
) -> None:
    """Loads a model and serves it until SIGINT or SIGTERM; then answers what has been asked, and returns.

    Args:
        name: as `sweeps.model_lookup.find_model` takes it.
        home: the folder of all sweeps.
        settings: how it answers.
        listener: see `listen`.
        say: is told what a person should know.
        ready: is called once, when requests are answered.

    Raises:
        TunerError: there is no such model, or it cannot be loaded.
    """
    torch.set_num_threads(settings.threads)
    server = ModelServer(name, home, settings, say)
    with _ended_by_signals(_Server(config_of(server), ready)) as running:
        running.run(sockets=[listener])


def config_of(server: ModelServer) -> uvicorn.Config:
    """How uvicorn is to run it."""
    return uvicorn.Config(
        make_app(server),
        http=LimitedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=END_S,
        timeout_keep_alive=KEEP_S,
        backlog=BACKLOG,
    )


class _Server(uvicorn.Server):
    """Leaves signals to `_ended_by_signals`, and says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would send them to this process again at its end."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to answer."""
        await super().startup(sockets)
        if self.started:
            self._ready()


@contextmanager
def _ended_by_signals(server: _Server) -> Iterator[_Server]:
    """SIGINT and SIGTERM end the server; a second one does not wait for requests that are being answered."""

    def end(*_: object) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield server
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listen(host: str, port: int | None, usual: int) -> socket.socket:
    """A socket that listens: on `port`, or else on the usual one, or the next that is free.

    Raises:
        TunerError: the port is taken, or the address is none of this machine.
    """
    wanted = [port] if port is not None else range(usual, usual + NEXT_PORTS)
    for number in wanted:
        try:
            return _bound(host, number)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and port is None:
                continue
            if error.errno == errno.EADDRINUSE:
                raise TunerError(f"--port {number} is taken: choose another, or leave it out") from None
            raise TunerError(f"--host {host} --port {number}: {error.strerror or error}") from None
        except OverflowError:
            raise TunerError(f"--port {number}: ports go from 0 to 65535") from None
    raise TunerError(f"all ports from {usual} to {usual + NEXT_PORTS - 1} are taken: choose one with --port")


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
