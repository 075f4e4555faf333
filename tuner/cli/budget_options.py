"""The options for what ends a search, beside its trials."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.options import SEARCH

EpochBudget = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Stop the search after N epochs of all trials together. --trials stays the most trials.",
        rich_help_panel=SEARCH,
    ),
]
GpuBudget = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Stop the search after this GPU time, 4h for four GPU-hours: the sum over all trials of their GPUs times "
        "the time that they have them.",
        rich_help_panel=SEARCH,
    ),
]
TargetScore = Annotated[
    float | None,
    typer.Option(
        metavar="SCORE",
        help="Stop the search when a trial has this score: its validation accuracy or R2, or the "
        "--objective, such as 0.98.",
        rich_help_panel=SEARCH,
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Stop the search when N trials have come to a stop without a better score.",
        rich_help_panel=SEARCH,
    ),
]
