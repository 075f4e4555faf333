"""The command mcp."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from tuner.cli.console import Command, err
from tuner.core.errors import TunerError

app = typer.Typer()


@app.command(cls=Command)
def mcp(
    *,
    allow_run: Annotated[
        bool, typer.Option("--allow-run", help="Also give tools that begin, resume, pause and stop sweeps.")
    ] = False,
) -> None:
    """Give tools to programs and agents by the Model Context Protocol, on standard input and output.

    They look at what can be trained and how sweeps stand, and predict. Nothing is changed without --allow-run.

    A client starts this command by itself, in the folder whose sweeps and files it is about.
    """
    from tuner.serving.agent.guard import serve_alone  # noqa: PLC0415

    if sys.stdin is None or sys.stdout is None:
        raise TunerError("tuner mcp speaks on standard input and output, and one of them is closed")
    if sys.stdin.isatty():
        err.print("This command speaks with a program, by the Model Context Protocol. Ctrl-C ends it.")
    serve_alone(lambda: _server(allow_run=allow_run))


def _server(*, allow_run: bool) -> Callable[[], None]:
    try:
        from tuner.serving.agent.server import begin  # noqa: PLC0415 - imports the package mcp
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise TunerError("tuner mcp needs the package mcp: pip install mcp (tuner's extra 'mcp')") from None
    return begin(allow_run=allow_run)
