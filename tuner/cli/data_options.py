"""The options that say how a user's own data are read and divided."""

from __future__ import annotations

from typing import Annotated

import typer

DATA = "Your own data"  # the panel of the help

Text = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="For text:PATH: the column that holds the texts.", rich_help_panel=DATA),
]
Test = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="A test split of its own: a file or folder like the other one. By default 20 % are held out.",
        rich_help_panel=DATA,
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Keep rows with the same value, such as those of a patient, in one split. For folder:PATH a regular "
        "expression for the path below the class's folder: '(patient\\d+)', or the word subfolder.",
        rich_help_panel=DATA,
    ),
]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Train on earlier rows, validate on later ones, and test on the last: a column of dates or numbers.",
        rich_help_panel=DATA,
    ),
]
