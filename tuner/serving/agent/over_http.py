"""The same tools over HTTP: the protocol's streamable HTTP, behind the guard of tuner's other servers."""

from __future__ import annotations

import socket
from collections.abc import Callable

from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

from tuner.core.environment import prepare_environment
from tuner.serving.access import Access, digest_of
from tuner.serving.agent.server import make_server
from tuner.serving.guard import Guard
from tuner.serving.server import Server, run

PATH = "/mcp"


def make_app(*, allow_run: bool, host: str, token: str) -> ASGIApp:
    """The application. Each request needs the token: tools read files, and may run sweeps, as the user of the server.

    Nothing is remembered between requests. So a client goes on when the server was started again.
    """
    guarded_here = TransportSecuritySettings(enable_dns_rebinding_protection=False)  # by Access, as everywhere
    app = make_server(allow_run=allow_run).streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True, transport_security=guarded_here
    )
    return Guard(app, Access(host=host, token_digest=digest_of(token), needs_token=lambda _method, _path: True))


def serve_http(listener: socket.socket, *, allow_run: bool, host: str, token: str, ready: Callable[[], object]) -> None:
    """Serves until Ctrl-C or SIGTERM. `ready` is called when requests are answered."""
    prepare_environment()
    run(Server(make_app(allow_run=allow_run, host=host, token=token), ready=ready), listener)
