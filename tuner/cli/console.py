"""Where commands print, and how their help looks."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from typer.core import TyperArgument, TyperCommand, TyperOption

from tuner.cli.options import OUTPUT
from tuner.core.finite import finite

PIPED_WIDTH = 10_000  # characters: what a pipe or a file gets is never broken over lines
FEW = 6  # options; the help of a command with more has panels


def _width() -> int | None:
    """The width of what is printed on stdout; None for that of the terminal."""
    return None if sys.stdout is None or sys.stdout.isatty() else PIPED_WIDTH


def _consoles() -> tuple[Console, Console]:
    return Console(highlight=False, soft_wrap=True, width=_width()), Console(stderr=True, highlight=False)


out, err = _consoles()


def json_text(value: Any) -> str:
    """A value as JSON on one line. A number that JSON does not have (NaN, infinity) is null."""
    return json.dumps(finite(value), allow_nan=False)


def print_json(value: Any, to: Console) -> None:
    """Prints it, indented; see `json_text`."""
    to.print_json(json_text(value))


def look_again() -> None:
    """Takes colours and width from the terminal of now: a fork has another one than its zygote."""
    for console, new in zip((out, err), _consoles(), strict=True):
        vars(console).update(vars(new))


class Command(TyperCommand):
    """A command whose help has panels only where there are many options, and `--help` with the output's."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        options = [each for each in self.params if isinstance(each, TyperOption)]
        self._panels = len(options) > FEW
        for option in options:
            option.rich_help_panel = option.rich_help_panel if self._panels else None

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """`--help`, in its panel."""
        option = super().get_help_option(ctx)
        if option is not None and self._panels:
            option.rich_help_panel = OUTPUT
        return option


def _shown_value(self: TyperOption, ctx: Any) -> str | None:
    """What the help shows after an option's name. Typer's own shows `--now <bool>` for an option without a value."""
    if self.is_flag:
        return None
    return self.metavar or self.display_type(ctx)


def _no_value(self: TyperArgument, ctx: Any) -> str:  # noqa: ARG001
    """What the help shows after an argument's name: nothing, where Typer has `DATASET <str>`."""
    return ""


TyperOption.display_type_rich = _shown_value  # type: ignore[method-assign]  # Typer has no setting for it
TyperArgument.display_type_rich = _no_value  # type: ignore[method-assign, assignment]
