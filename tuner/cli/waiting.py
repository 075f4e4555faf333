"""The option --wait: whether a command ends before the report of its sweep is drawn."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from tuner.cli.options import OUTPUT

Wait = Annotated[
    bool,
    typer.Option(
        "--wait",
        help="End when the report is drawn too. By default, on a terminal, that goes on in the background.",
        rich_help_panel=OUTPUT,
    ),
]


def leaves_report(*, wait: bool, as_json: bool) -> bool:
    """Whether the report may come after the prompt. A script finds it there, and so does `--wait`.

    A container ends with its first process, and would take along what goes on.
    """
    if wait or as_json or min(os.getpid(), os.getppid()) <= 1:
        return False
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
