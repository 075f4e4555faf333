"""The options for confirming a sweep's winner."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.options import CONFIRMATION

Confirm = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Then train the best trial again with N other seeds, and show mean and spread of its validation "
        "accuracy. --time-budget does not include this.",
        rich_help_panel=CONFIRMATION,
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How many other seeds, with those of an earlier confirmation. By default 5.",
        rich_help_panel=CONFIRMATION,
    ),
]
Folds = Annotated[
    int | None,
    typer.Option(
        metavar="K",
        help="Cross-validation in place of other seeds: training and validation samples are divided into K folds, each "
        "of which is the validation split of one training.",
        rich_help_panel=CONFIRMATION,
    ),
]
Refit = Annotated[
    bool,
    typer.Option(
        "--refit",
        help="At the end train the winner's parameters again on training and validation samples together, with as many "
        "epochs as it has kept, and test and register that model. --time-budget does not include this.",
        rich_help_panel=CONFIRMATION,
    ),
]
Reshuffle = Annotated[
    bool,
    typer.Option(
        "--reshuffle",
        help="Each of the other seeds divides the samples into training and validation anew (the test set stays).",
        rich_help_panel=CONFIRMATION,
    ),
]
TestBy = Annotated[
    str,
    typer.Option(
        "--test-by",
        metavar="WHAT",
        help="winner: no model but the winner's is tested. mean: that of each other seed is tested, too, and the mean "
        "of their scores is shown. Each test is a look at the test set.",
        rich_help_panel=CONFIRMATION,
    ),
]
