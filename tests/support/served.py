"""A real server of the tests' own, in a thread, and requests to it as a browser or a script sends them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

from starlette.types import ASGIApp, Receive, Scope, Send

from support.http_requests import Answer, request
from support.processes import wait_until
from tuner.serving.listening import listen_from
from tuner.serving.model.mounted import Mounted
from tuner.serving.server import Server


@dataclass(frozen=True)
class Client:
    """Asks the server on this port; with a token, if it has one."""

    port: int
    token: str = ""

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """`headers` with _ for -; a `host` replaces the true one."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        sent.setdefault("host", f"127.0.0.1:{self.port}")
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("content-type", "application/json")
        return request(self.port, method, path, content, sent)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Answer:
        return self.ask("POST", path, {} if body is None else body, **headers)


def below(root: str, app: ASGIApp) -> ASGIApp:
    """The application behind what a cluster's proxy does to a request to a path below `root`."""
    mounted = Mounted(app)

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        await mounted({**scope, "root_path": root} if scope["type"] == "http" else scope, receive, send)

    return proxy


@contextmanager
def served(app: ASGIApp, token: str = "", server: Server | None = None) -> Iterator[Client]:
    """Serves the application as long as the block lasts."""
    listener = listen_from("127.0.0.1", 20100)
    running = server or Server(app)
    thread = Thread(target=running.run, args=([listener],), daemon=True)
    thread.start()
    try:
        assert wait_until(lambda: running.started)
        yield Client(int(listener.getsockname()[1]), token)
    finally:
        running.close()
        thread.join(30)
        listener.close()
        assert not thread.is_alive(), "the server has not ended"
