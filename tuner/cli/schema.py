"""The command schema."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.console import Command, out, print_json

app = typer.Typer()


@app.command(cls=Command)
def schema(
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="Such as status.", show_default=False)],
) -> None:
    """Print the JSON Schema of what a command prints with --json.

    Example:  tuner schema status > status.schema.json
    """
    from tuner.serving.schemas.commands import schema_of  # noqa: PLC0415 - imports pydantic

    print_json(schema_of(command), out)
