"""A server: its port, and its end."""

from __future__ import annotations

import http.client
import threading

import pytest
from starlette.types import Receive, Scope, Send
from support.served import served

from tuner.core.errors import TunerError
from tuner.serving.listening import listen, listen_from
from tuner.serving.server import Server


def test_a_port_that_is_taken_is_named_and_another_one_is_found() -> None:
    with listen_from("127.0.0.1", 20300) as first:
        port = first.getsockname()[1]
        with pytest.raises(TunerError, match=f"^--page-port {port} is taken: choose another"):
            listen("127.0.0.1", port, "--page-port")
        with listen_from("127.0.0.1", port) as second:
            assert second.getsockname()[1] > port


def test_an_address_that_is_not_of_this_machine_is_refused() -> None:
    with pytest.raises(TunerError, match=r"^--host 192\.0\.2\.1: "):
        listen("192.0.2.1", 20300)
    with pytest.raises(TunerError, match=r"^--host no such name: "):
        listen("no such name", 20300)


def test_an_answer_that_goes_on_and_on_ends_with_the_server() -> None:
    """It is told, so that the end need not wait for it."""
    ending = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        import asyncio

        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not ending.is_set():
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"the end"})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await endless(scope, receive, send)

    server = Server(app, ending.set)
    with served(app, server=server) as client:
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.read(1) == b"x"
        server.close()
        assert answer.read().endswith(b"the end")
        connection.close()
