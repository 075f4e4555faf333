"""A server: its port, and its end."""

from __future__ import annotations

import http.client
import os
import signal
import threading

import pytest
from starlette.types import Receive, Scope, Send
from support.http_requests import request
from support.served import served

from tuner.core.errors import TunerError
from tuner.serving.listening import address_of, listen, listen_from
from tuner.serving.server import Server, run


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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_once_what_was_asked_is_answered(how: signal.Signals) -> None:
    ending = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        import asyncio

        if scope["type"] == "http":
            os.kill(os.getpid(), how)
            while not ending.is_set():
                await asyncio.sleep(0.01)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"answered"})

    before = signal.getsignal(how)
    answers = []
    with listen_from("127.0.0.1", 20300) as listener:
        port = listener.getsockname()[1]
        asking = threading.Thread(target=lambda: answers.append(request(port, "GET", "/", None, {})))
        run(Server(app, ending.set, ready=asking.start), listener)
    asking.join(30)
    assert [answer.body for answer in answers] == [b"answered"]
    assert signal.getsignal(how) == before


def test_a_port_that_does_not_exist_is_refused() -> None:
    for find in (listen, listen_from):
        with pytest.raises(TunerError, match=r"^--port 65536: ports go from 0 to 65535$"):
            find("127.0.0.1", 65536)


def test_the_address_of_all_addresses_is_one_that_a_browser_opens() -> None:
    addresses = [address_of(host, 80) for host in ("0.0.0.0", "::", "::1", "head")]
    assert addresses == ["http://127.0.0.1:80", "http://[::1]:80", "http://[::1]:80", "http://head:80"]
