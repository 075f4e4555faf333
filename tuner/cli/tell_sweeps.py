"""A command that nobody types: on a cluster's head it tells the page of sweeps how they stand. See `sweeps.changes`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from tuner.cli.console import Command
from tuner.core.files import tuner_home

app = typer.Typer()


@app.command("tell-sweeps", cls=Command, hidden=True)
def tell_sweeps(
    *,
    seconds: Annotated[float, typer.Option(metavar="N", help="For how long to tell what changes.")] = 60.0,
    report: Annotated[str | None, typer.Option(metavar="NAME", help="Tell a sweep's report instead.")] = None,
) -> None:
    """Tell the page of sweeps of another machine how the sweeps of this folder stand, as lines of JSON."""
    from tuner.sweeps.changes import report_lines, tell  # noqa: PLC0415

    if report is None:
        tell(tuner_home(), _say, seconds)
        return
    for line in report_lines(tuner_home(), report):
        _say(line)


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line, separators=(",", ":")), flush=True)  # noqa: T201
