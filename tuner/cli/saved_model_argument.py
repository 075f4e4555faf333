"""The argument MODEL of commands that use a saved model."""

from __future__ import annotations

from typing import Annotated

import typer

_ARGUMENT = typer.Argument(
    metavar="MODEL",
    help="A pair such as digits-cnn (its champion), models:/NAME@champion, a sweep, or a file of tuner export.",
    show_default=False,
)
SavedModel = Annotated[str, _ARGUMENT]
SavedModelOrNone = Annotated[str | None, _ARGUMENT]
