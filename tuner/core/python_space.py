"""A search space that is written as a dictionary in Python: the words of the file, `low`, `high`, `choices`, `when`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuner.core.errors import TunerError

SOURCE = "space"
"""What messages about it begin with, where those about a file have its name."""


def plain_space(space: Mapping[str, Any]) -> dict[str, Any]:
    """The space as the TOML of a file would be parsed.

    Either the whole of it, with `epochs`, `params` and `start`, or its parameters alone. Tuples are lists, and
    numbers of numpy are numbers.

    >>> plain_space({"lr": {"low": 1e-4, "high": 1e-1, "log": True}, "depth": {"choices": (20, 32)}})
    {'params': {'lr': {'low': 0.0001, 'high': 0.1, 'log': True}, 'depth': {'choices': [20, 32]}}}

    Raises:
        TunerError: it is no dictionary.
    """
    if not isinstance(space, Mapping):
        found = type(space).__name__
        raise TunerError(f"{SOURCE}: give a dictionary of parameters, or the path of a file, got {found}")
    plain = {str(name): _plain(entry) for name, entry in space.items()}
    parts = plain.get("params")
    whole = isinstance(parts, dict) and not {"low", "high", "choices"} & set(parts)
    return plain if whole else {"params": plain}


def _plain(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        return {str(key): _plain(value) for key, value in entry.items()}
    if isinstance(entry, list | tuple):
        return [_plain(value) for value in entry]
    return entry.item() if type(entry).__module__ == "numpy" and getattr(entry, "shape", None) == () else entry
