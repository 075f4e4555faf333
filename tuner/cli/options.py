"""Arguments and options that several commands have, and where they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)


err = Console(stderr=True, highlight=False)


Dataset = Annotated[
    str, typer.Argument(metavar="DATASET", help="From `tuner list`, or folder:PATH, csv:PATH.", show_default=False)
]


Model = Annotated[str, typer.Argument(metavar="MODEL", help="A name from `tuner list`.", show_default=False)]


Target = Annotated[str | None, typer.Option(help="Of csv:PATH: the column that holds the classes.")]


Weights = Annotated[Path | None, typer.Option(help="A file of pretrained weights, in place of a download.")]


Name = Annotated[str, typer.Argument(metavar="NAME", help="A sweep's name.", show_default=False)]


Detach = Annotated[bool, typer.Option("--detach", help="Run in the background.")]


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


Address = Annotated[
    str | None,
    typer.Option(help="Of a cluster, such as http://head:8265; by default TUNER_ADDRESS.", show_default=False),
]


Attach = Annotated[bool, typer.Option("--attach", help="With --address: follow it until its end.")]


def sweep_place(name: str | None, address: str | None) -> str | None:
    from tuner.core.files import tuner_home  # noqa: PLC0415
    from tuner.execution.jobs.address import place  # noqa: PLC0415

    return place(name, address, tuner_home())
