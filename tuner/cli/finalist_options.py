"""The options for finalists, of which the mean over other seeds chooses the winner."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.options import CONFIRMATION

Finalists = Annotated[
    int | None,
    typer.Option(
        metavar="K",
        help="Then train the K best trials again with other seeds: the best mean of the objective, not the best single "
        "score, decides the winner. For noisy trainings and few validation samples. --time-budget does not include "
        "this.",
        rich_help_panel=CONFIRMATION,
    ),
]
Folds = Annotated[
    int | None,
    typer.Option(
        metavar="K",
        help="Cross-validation in place of other seeds: training and validation samples are divided into K folds, each "
        "of which is the validation split of one training. Alone it confirms the best trial, as --confirm does; with "
        "--finalists it takes the place of --seeds.",
        rich_help_panel=CONFIRMATION,
    ),
]
Ensemble = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="At the end, also make one model of up to N that were trained, where their mean answer is better on "
        "validation samples than the winner's: PAIR-ensemble. The weights of the 3 N best trials are kept for it.",
        rich_help_panel=CONFIRMATION,
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        metavar="R",
        help="With how many other seeds --finalists trains each of them. Default 3.",
        rich_help_panel=CONFIRMATION,
    ),
]
