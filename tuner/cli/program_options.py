"""What `tuner sweep` takes in place of a dataset and a model: a user's own training code, or a program."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.options import TRAINING

DatasetOrCode = Annotated[
    str | None,
    typer.Argument(
        metavar="DATASET",
        help="From `tuner list`, or folder:PATH, csv:PATH, text:PATH, or FILE.py. Or a file with your own "
        "`def train(trial)`, without MODEL.",
        show_default=False,
    ),
]
ModelOrNone = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        help="A name from `tuner list`, or FILE.py. Several with commas between, such as cnn,lenet, are compared in "
        "one search. By default those that suit the data.",
        show_default=False,
    ),
]
Script = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        help='In place of DATASET and MODEL: a program that trains, such as "python train.py --lr {lr}".',
        rich_help_panel=TRAINING,
    ),
]
