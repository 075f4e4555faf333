"""`tuner mcp --http`: the client of the package mcp over HTTP, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mcp import Client
from support.agent import call, converse, over_http, tools
from support.common import Typed
from support.served import Client as Requests
from support.served import served

from tuner.serving.agent.over_http import PATH, make_app

TOKEN = "the-token"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}},
}
ACCEPT = "application/json, text/event-stream"


@pytest.fixture(scope="module")
def server() -> Iterator[Requests]:
    with served(make_app(allow_run=True, host="127.0.0.1", token=TOKEN), TOKEN) as requests:
        yield requests


def connect(server: Requests) -> Client:
    return over_http(f"http://127.0.0.1:{server.port}{PATH}", TOKEN)


def test_it_gives_the_same_tools_and_answers(server: Requests) -> None:
    found = tools(connect(server))
    assert {"list", "sweep", "status"} <= set(found)
    assert "digits" in {each["name"] for each in call(connect(server), "list").values["datasets"]}
    refused = call(connect(server), "status", name="nothing")
    assert (refused.refused, "nothing" in refused.text or "no sweeps" in refused.text) == (True, True)


def test_two_clients_are_served_at_once(server: Requests) -> None:
    async def both(first: Client) -> None:
        async with connect(server) as second:
            assert (await second.list_tools()).tools == (await first.list_tools()).tools

    converse(connect(server), both)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": ""}, 401),
        ({"origin": "http://evil.example"}, 403),
        ({"host": "evil.example"}, 403),
    ],
)
def test_a_stranger_is_refused(server: Requests, headers: dict[str, str], status: int) -> None:
    assert server.post(PATH, HELLO, accept=ACCEPT).status == 200
    answer = server.post(PATH, HELLO, accept=ACCEPT, **headers)
    assert answer.status == status
    assert set(answer.json) == {"error"}
    assert server.get(PATH, **{"authorization": "", **headers}).status in (401, 403)


def test_its_options_need_it(typed: Typed) -> None:
    for words in (("--port", "1"), ("--host", "0.0.0.0")):
        code, out, err = typed("mcp", *words)
        assert (code, out, err) == (2, "", f"error: {words[0]} is for --http: add --http\n")
    code, out, err = typed("mcp", "--http", "--port", "70000")
    assert (code, out, err) == (2, "", "error: --port 70000: ports go from 0 to 65535\n")
