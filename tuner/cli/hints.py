"""What to type while a sweep runs elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console


def print_hints(name: str, err: Console) -> None:
    """Commands for a sweep that another process runs, each with what it is for."""
    hints = {
        f"tuner status {name} --watch": "how far it is",
        f"tuner logs {name} --follow": "what happens in it",
        f"tuner stop {name}": "end its search, and test the best trial so far",
    }
    print_commands(hints, err)


def print_commands(hints: Mapping[str, str], err: Console) -> None:
    """Commands, each with what it is for."""
    width = max(map(len, hints))
    for command, purpose in hints.items():
        err.print(f"    {command:<{width}}   # {purpose}", markup=False, soft_wrap=True)
