"""The option --dry-run: what a sweep would do and cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from tuner.cli.console import err, out
from tuner.cli.given import Way
from tuner.cli.options import OUTPUT
from tuner.core.errors import TunerError

if TYPE_CHECKING:
    from tuner.core.sweep_request import SweepRequest

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Start nothing: print what it would do, and about what it costs.", rich_help_panel=OUTPUT
    ),
]


def show_dry_run(request: SweepRequest, way: Way) -> int:
    """Prints what the sweep would do here. Returns the exit status."""
    if way.address or way.slurm is not None:
        raise TunerError("--dry-run measures on this machine: leave out --address and --slurm")
    from tuner.cli import printer  # noqa: PLC0415
    from tuner.sweeps.dry_run import dry_run  # noqa: PLC0415 - imports torch

    found = dry_run(request, callbacks=[printer.notes_of(err)])
    if way.as_json:
        out.print_json(json.dumps(found.to_json()))
    else:
        out.print(*found.lines(), sep="\n", markup=False, soft_wrap=True)
    return 0
