"""The option `--notify` of `tuner sweep`."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.options import OUTPUT

Notify = Annotated[
    str | None,
    typer.Option(
        "--notify",
        metavar="COMMAND|URL",
        help="Tell how the sweep has ended: a command gets it as JSON on its standard input, a URL by POST. So does "
        "tuner resume.",
        rich_help_panel=OUTPUT,
    ),
]
