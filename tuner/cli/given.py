"""What a command was given: the options of a request, and where and how it is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Way:
    """Where a command runs what it is asked for, and how it prints: options that are no part of the request."""

    address: str | None = None
    attach: bool = False
    slurm: str | None = None
    detach: bool = False
    dashboard: bool = False
    wait: bool = False
    as_json: bool = False
    dry_run: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Way:
        """That of a command with all of these options, by its `locals()`."""
        return cls(**{each.name: given[each.name] for each in fields(cls)})


_WAY = frozenset(each.name for each in fields(Way))


def asked(given: Mapping[str, Any], *others: str) -> dict[str, Any]:
    """What is asked for among the parameters of a command: all but those of a `Way`.

    `given` are its `locals()`, before there is anything else among them; `others` are no options of the sweep either.
    """
    options = {name: value for name, value in given.items() if name not in _WAY and name not in others}
    return options | {"overrides": tuple(given["overrides"] or ())}
