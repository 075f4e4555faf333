"""The options of `tuner serve`: who may ask, how samples are joined, and how much a request may have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tuner.cli.options import CLUSTER
from tuner.serving.model.usual import EVERYWHERE, HOST, PORT, TOKEN

ACCESS, BATCHES, LIMITS = "Access", "Batches", "Limits"  # panels

Host = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help=f"Where it listens: by default {HOST}, this machine alone, and on a cluster {EVERYWHERE}, everywhere.",
        show_default=False,
        rich_help_panel=ACCESS,
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help=f"By default {PORT}, or the next one that is free; on a cluster the one where it serves already.",
        rich_help_panel=ACCESS,
    ),
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
    typer.Option(
        metavar="N",
        help="CPU cores for the network. By default all but one, and on a cluster 1 for each replica.",
        rich_help_panel=BATCHES,
    ),
]
MaxMegabytes = Annotated[float, typer.Option(metavar="MB", help="Of a request.", rich_help_panel=LIMITS)]
MaxSamples = Annotated[int, typer.Option(metavar="N", help="In a request.", rich_help_panel=LIMITS)]

# On a cluster
ReplicaCount = Annotated[
    str | None,
    typer.Option(
        "--replicas",
        metavar="N",
        help="Servers of the model on the cluster: by default 1; 1..4 is as many as requests need.",
        show_default=False,
        rich_help_panel=CLUSTER,
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="The name and path by which the cluster serves it, by default the model's: http://HEAD:PORT/NAME/.",
        rich_help_panel=CLUSTER,
    ),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="If the cluster serves something by this name, put this in its place, without a request that is lost.",
        rich_help_panel=CLUSTER,
    ),
]
Attach = Annotated[
    bool,
    typer.Option(
        "--attach",
        help="Stay, and end it with Ctrl-C; by default the cluster goes on alone.",
        rich_help_panel=CLUSTER,
    ),
]
End = Annotated[bool, typer.Option("--stop", help="End what the cluster serves by this name.", rich_help_panel=CLUSTER)]
All = Annotated[bool, typer.Option("--list", help="List what the cluster serves.", rich_help_panel=CLUSTER)]
ON_CLUSTER = {
    "replicas": "--replicas",
    "name": "--as",
    "replace": "--replace",
    "attach": "--attach",
    "end": "--stop",
    "all_": "--list",
}
"""The parameters of `serve` that only a cluster has, and their options."""
