"""The options of `tuner serve`: who may ask, how samples are joined, and how much a request may have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TOKEN = "TUNER_SERVE_TOKEN"
USUAL = 8700
ACCESS, BATCHES, LIMITS = "Access", "Batches", "Limits"  # panels

Host = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Where it listens; 0.0.0.0 is everywhere.", rich_help_panel=ACCESS)
]
Port = Annotated[
    int | None,
    typer.Option(metavar="N", help=f"By default {USUAL}, or the next one that is free.", rich_help_panel=ACCESS),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help=f"Ask for the token in this file, or in {TOKEN}. By default one is made, unless this machine alone "
        "can reach the server.",
        rich_help_panel=ACCESS,
    ),
]
NoToken = Annotated[
    bool, typer.Option("--no-token", help="Ask for no token, whoever can reach it.", rich_help_panel=ACCESS)
]
Follow = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="How often to look for a new champion, which then answers; 0 for never.",
        rich_help_panel=ACCESS,
    ),
]
MaxBatch = Annotated[
    int,
    typer.Option(metavar="N", help="Samples that go through the network together.", rich_help_panel=BATCHES),
]
MaxWait = Annotated[
    float,
    typer.Option(
        metavar="MS",
        help="Milliseconds that a sample waits for others while the network is free.",
        rich_help_panel=BATCHES,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(metavar="N", help="CPU cores for the network. By default all but one.", rich_help_panel=BATCHES),
]
MaxMegabytes = Annotated[float, typer.Option(metavar="MB", help="Of a request.", rich_help_panel=LIMITS)]
MaxSamples = Annotated[int, typer.Option(metavar="N", help="In a request.", rich_help_panel=LIMITS)]
