"""The option --dashboard."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.options import OUTPUT
from tuner.core.errors import TunerError

Dashboard = Annotated[
    bool,
    typer.Option(
        "--dashboard",
        help="Start Ray's dashboard for a sweep on this machine, and print its address.",
        rich_help_panel=OUTPUT,
    ),
]


def check_here(cluster: str, *, dashboard: bool) -> None:
    """Raises TunerError when a dashboard is asked for on a cluster: it has its own."""
    if dashboard:
        raise TunerError(f"--dashboard is for a sweep on this machine: the cluster has its dashboard at {cluster}")
