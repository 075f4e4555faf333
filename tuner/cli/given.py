"""What a command was given, as the options of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HOW = ("address", "attach", "slurm", "detach", "as_json", "dashboard", "wait")


def asked(given: Mapping[str, Any], *others: str) -> dict[str, Any]:
    """What is asked for among the parameters of a command: all but those that say where it is run and how it prints.

    `given` are its `locals()`, before there is anything else among them; `others` are no options of the sweep either.
    """
    options = {name: value for name, value in given.items() if name not in (*_HOW, *others)}
    return options | {"overrides": tuple(given["overrides"] or ())}
