"""The command mcp."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from tuner.cli.console import Command, err, out
from tuner.core.errors import TunerError

app = typer.Typer()
TOKEN = "TUNER_MCP_TOKEN"
USUAL = 8800
HTTP = "HTTP"  # a panel of the help


@app.command(cls=Command)
def mcp(
    *,
    allow_run: Annotated[
        bool, typer.Option("--allow-run", help="Also give tools that begin, resume, pause and stop sweeps.")
    ] = False,
    http: Annotated[
        bool,
        typer.Option("--http", help="Serve over HTTP, until Ctrl-C, to clients that have its token."),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help=f"With --http: by default {USUAL}, or the next one that is free.",
            show_default=False,
            rich_help_panel=HTTP,
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With --http: where it listens, by default 127.0.0.1; 0.0.0.0 is everywhere.",
            show_default=False,
            rich_help_panel=HTTP,
        ),
    ] = None,
) -> None:
    """Give tools to programs and agents by the Model Context Protocol, on standard input and output.

    They look at what can be trained and how sweeps stand, and predict. Nothing is changed without --allow-run.

    A client starts this command by itself, in the folder whose sweeps and files it is about.
    With --http it is started by hand, and several clients use it.
    """
    if http:
        _serve_http(host or "127.0.0.1", port, allow_run=allow_run)
        return
    if port is not None or host is not None:
        raise TunerError(f"{'--port' if port is not None else '--host'} is for --http: add --http")
    from tuner.serving.agent.guard import serve_alone  # noqa: PLC0415

    if sys.stdin is None or sys.stdout is None:
        raise TunerError("tuner mcp speaks on standard input and output, and one of them is closed")
    if sys.stdin.isatty():
        err.print("This command speaks with a program, by the Model Context Protocol. Ctrl-C ends it.")
    serve_alone(lambda: _server(allow_run=allow_run))


def _server(*, allow_run: bool) -> Callable[[], None]:
    with _package_named():
        from tuner.serving.agent.server import begin  # noqa: PLC0415 - imports the package mcp
    return begin(allow_run=allow_run)


def _serve_http(host: str, port: int | None, *, allow_run: bool) -> None:
    with _package_named():
        from tuner.serving.agent.over_http import PATH, serve_http  # noqa: PLC0415 - imports the package mcp
    from tuner.serving.access import new_token  # noqa: PLC0415
    from tuner.serving.listening import address_of, listen_where_asked  # noqa: PLC0415

    token = new_token(TOKEN)
    with listen_where_asked(host, port, USUAL) as listener:
        address = f"{address_of(host, int(listener.getsockname()[1]))}{PATH}"
        serve_http(listener, allow_run=allow_run, host=host, token=token, ready=lambda: _tell(address, token))


def _tell(address: str, token: str) -> None:
    """The configuration of a client is all that standard output gets."""
    err.print(f"Tools for agents at {address}   (Ctrl-C stops it)", soft_wrap=True, markup=False)
    err.print(f"Clients need the token, which is new at each start unless {TOKEN} sets it:", soft_wrap=True)
    server = {"type": "http", "url": address, "headers": {"Authorization": f"Bearer {token}"}}
    out.print(json.dumps({"mcpServers": {"tuner": server}}, indent=2), soft_wrap=True, markup=False, highlight=False)
    out.file.flush()


@contextmanager
def _package_named() -> Iterator[None]:
    """Says in one line that the package mcp is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise TunerError("tuner mcp needs the package mcp: pip install mcp (tuner's extra 'mcp')") from None
