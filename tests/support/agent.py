"""Clients of `tuner mcp`: the one of the package mcp, on a server in this process or on a real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, Tool

from support.common import BIN
from tuner.serving.agent.server import make_server

_Said = TypeVar("_Said")


class Answer(NamedTuple):
    """What a tool has answered."""

    refused: bool
    text: str
    """For a model; where it is refused the error."""
    values: Any
    """The same as values, which the client has checked against the schema of the tool's output."""


def here(allow_run: bool = False) -> Client:
    """A client of a server in this process."""
    return Client(_server(allow_run))


@cache
def _server(allow_run: bool) -> MCPServer[Any]:
    return make_server(allow_run=allow_run)


def there(folder: Path, *words: str, environment: Mapping[str, str], err: Path) -> Client:
    """A client of `tuner mcp WORDS`, which it starts in `folder`; what that prints on standard error goes to a file."""
    server = StdioServerParameters(command=str(BIN / "tuner"), args=["mcp", *words], env=dict(environment), cwd=folder)
    return Client(_transport(server, err))


@asynccontextmanager
async def _transport(server: StdioServerParameters, err: Path) -> AsyncIterator[Any]:
    with err.open("a") as log:
        async with stdio_client(server, errlog=log) as streams:
            yield streams


def over_http(address: str, token: str) -> Client:
    """A client of `tuner mcp --http`."""
    return Client(_http_transport(address, token))


@asynccontextmanager
async def _http_transport(address: str, token: str) -> AsyncIterator[Any]:
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}) as http,
        streamable_http_client(address, http_client=http) as streams,
    ):
        yield streams


async def ask(client: Client, tool: str, **arguments: Any) -> Answer:
    """Calls a tool."""
    return _answer(await client.call_tool(tool, arguments))


def converse(client: Client, talk: Callable[[Client], Awaitable[_Said]]) -> _Said:
    """Connects, and says what `talk` says."""

    async def whole() -> _Said:
        async with client:
            return await talk(client)

    return asyncio.run(whole())


def call(client: Client, tool: str, **arguments: Any) -> Answer:
    """Connects and calls one tool."""
    return converse(client, lambda connected: ask(connected, tool, **arguments))


def tools(client: Client) -> dict[str, Tool]:
    """All tools, by their names."""

    async def listed(connected: Client) -> dict[str, Tool]:
        return {tool.name: tool for tool in (await connected.list_tools()).tools}

    return converse(client, listed)


def _answer(found: CallToolResult) -> Answer:
    [part] = found.content
    text = str(getattr(part, "text", ""))
    if not found.is_error:
        assert found.structured_content is not None
        json.dumps(found.structured_content, allow_nan=False)
    return Answer(bool(found.is_error), text, found.structured_content)
