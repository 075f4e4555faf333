"""The commands up and down: warm starts."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.console import Command, err, out
from tuner.core.units import counted, format_number, format_seconds, parse_seconds
from tuner.warm import start
from tuner.warm.mark import zygote

app = typer.Typer()


@app.command(cls=Command)
def up(
    *,
    idle: Annotated[
        str, typer.Option(metavar="TIME", help="End it by itself after so long without a command, such as 2h.")
    ] = "60m",
) -> None:
    """Let the next commands start at once: leave a process that has imported what they need. tuner down ends it.

    The commands of this user with the same environment and limits are forked from it, and their workers too. After an
    upgrade, or with another environment, a command starts as it does without it.
    """
    idle_s = parse_seconds(idle, "--idle")
    out.print(f"up: {describe(start.start(idle_s, _beginning))}", markup=False)


@app.command(cls=Command)
def down() -> None:
    """End the process that tuner up has left. Sweeps that run are not touched."""
    ended = start.end_all()
    if not ended:
        err.print("nothing is up")
    for each in ended:
        still = f"; {counted(each.running, 'command')} that it has started still run on" if each.running else ""
        out.print(f"down: process {each.pid}{still}", markup=False)


def _beginning() -> None:
    err.print("Importing torch, Ray, MLflow and the rest, once for the next commands ...")


def print_up() -> None:
    """Says on stderr what is up, if anything is."""
    for each in start.all_up():
        err.print(f"tuner up: {describe_use(each)}", markup=False, soft_wrap=True)


def describe_use(found: start.Up) -> str:
    """See `describe`; and whether this command was started as usual nevertheless."""
    used = "" if found.mark == zygote() else "; this command was started as usual: its environment or limits differ"
    return describe(found) + used


def describe(found: start.Up) -> str:
    """What a user should know of a zygote, in a line."""
    running = f", {counted(found.running, 'command')} running" if found.running else ""
    memory = f", {format_number(found.memory, 'B')} of memory" if found.memory else ""
    return f"process {found.pid}{memory}{running}; ends after {format_seconds(found.idle_s)} without a command"
