"""The option of packs of trials."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.options import RESOURCES

Pack = Annotated[
    str,
    typer.Option(
        metavar="N",
        help="Experimental, for tiny networks on a CPU: train N trials at a time in one process, those of one shape in "
        "the same steps. auto: 16, if epochs are so short that it pays; off: each trial in a worker.",
        rich_help_panel=RESOURCES,
    ),
]
