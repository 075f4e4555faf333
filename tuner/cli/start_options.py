"""The options of `tuner sweep` for what is tried first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tuner.cli.options import SEARCH

WarmStart = Annotated[
    str | None,
    typer.Option(
        "--warm-start",
        metavar="SWEEP",
        help="Try the best parameters of this sweep of the same model before any are drawn. If it is of the same data, "
        "TPE learns from all its trials.",
        rich_help_panel=SEARCH,
    ),
]
WithoutDefault = Annotated[
    bool,
    typer.Option(
        "--without-default",
        help="Do not try the default configuration as trial 0, nor other start points of the search space. The winner "
        "is then compared with no default.",
        rich_help_panel=SEARCH,
    ),
]
Enqueue = Annotated[
    Path | None,
    typer.Option(
        "--enqueue",
        metavar="FILE",
        help="Try the points of this file before any are drawn: [\\[start]] tables in TOML or JSON, or CSV with a "
        "column for each parameter.",
        rich_help_panel=SEARCH,
    ),
]
