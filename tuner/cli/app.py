"""The command line. Each command parses, calls one function and prints; heavy imports happen inside them."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from tuner import __version__
from tuner.cli import (
    best,
    confirm,
    disk,
    ensemble,
    export,
    manage,
    mcp,
    models,
    own,
    predict,
    promote,
    remove,
    rename,
    resume,
    schema,
    serve,
    serve_on_head,
    sweep,
    sweep_list,
    tell_sweeps,
    ui,
    warm,
)
from tuner.cli.console import Command, out, print_json
from tuner.cli.options import Address, AsJson
from tuner.core.choices import KINDS, all_choices, choices, pairs
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError, disk_error_text, printable

app = typer.Typer(
    name="tuner",
    help="Tune a PyTorch model on a dataset with one line, on a laptop or on a Ray cluster.",
    epilog="Begin with: tuner sweep digits cnn",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.registered_commands += (
    sweep.app.registered_commands + resume.app.registered_commands + confirm.app.registered_commands
)  # the help shows commands in this order


@app.command("list", cls=Command)
def list_(
    *,
    sweeps: Annotated[bool, typer.Option("--sweeps", help="List the sweeps of this folder of sweeps.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the datasets, the models, and the pairs that have a search space; or with --sweeps the sweeps.

    Of a sweep: its pair, state, trials, best score, when it began, and what its folder takes on the disk.
    """
    if sweeps:
        raise typer.Exit(sweep_list.show(as_json=as_json))
    if as_json:
        print_json(all_choices(), out)
        return
    for kind in KINDS:
        out.print(f"[bold]{kind}[/bold]")
        for each in choices(kind):
            out.print(
                f"  {each.name:<18}", f"({each.file}) {each.summary}" if each.file else each.summary, markup=False
            )
        out.print()
    out.print("[bold]pairs with a search space[/bold] (any other model that suits the data gets a default one)")
    for pair in pairs():
        out.print(f"  tuner sweep {pair}")


@app.command(cls=Command)
def doctor(*, address: Address = None, as_json: AsJson = False) -> None:
    """Check what sweeps need: Python, torch, GPUs, disks, data, MLflow, a cluster; say how to fix what is wrong.

    The exit status is 0 when nothing is wrong.
    """
    prepare_environment()
    from tuner.cli.doctor import run as examination  # noqa: PLC0415

    raise typer.Exit(examination.run(address, as_json=as_json, out=out))


_GROUPS = (
    predict,
    serve,
    serve_on_head,
    export,
    ensemble,
    models,
    ui,
    best,
    promote,
    manage,
    disk,
    rename,
    remove,
    own,
    warm,
    mcp,
    schema,
    tell_sweeps,
)
for group in _GROUPS:
    app.registered_commands += group.app.registered_commands
app.add_typer(own.new, name="new")


@app.callback(invoke_without_command=True)
def version(show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if show_version:
        out.print(__version__)
        raise typer.Exit


def main() -> None:
    """Runs the command line. What a user got wrong is one line and exit status 2; Ctrl-C is 130."""
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        code = _fail(error.format_message(), 2)
    except TunerError as error:
        code = _fail(str(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = _fail("interrupted", 130)
    except Exception as error:
        if os.environ.get("TUNER_DEBUG"):
            raise
        blamed = disk_error_text(error)
        code = _fail(blamed or f"{type(error).__name__}: {error} (unexpected; TUNER_DEBUG=1 shows where)", 1)
    sys.exit(code)


def _fail(message: str, code: int) -> int:
    if message:  # empty when `tuner` alone has printed its help
        print(f"error: {printable(message)}", file=sys.stderr)  # noqa: T201
    return code
