"""A search space for packages that know no alternatives: all are drawn, and those that apply are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from replay.methods.base import Search
from replay.tables import Parameters
from tuner.core.records import Value
from tuner.search.space import Middle, Parameter, SearchSpace


def varying(space: SearchSpace) -> list[Parameter]:
    """All parameters that have more than one value, each alternative by its own `label`."""
    return [each for each in space.parameters if len(each.choices) != 1]


def flat_default(search: Search) -> dict[str, Value]:
    """The default configuration by labels, with the middle of those parameters that do not apply to it."""
    return {each.label: each.draw(Middle()) for each in varying(search.space)} | search.default_labels


def parameters_of(space: SearchSpace, drawn: Mapping[str, Value]) -> Parameters:
    """The parameters of a configuration that is given by labels."""
    return space(_Given(drawn))


class _Given:
    """A `tuner.search.space.Draw` of known values."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def suggest_categorical(self, name: str, choices: list[Value]) -> Any:
        return next(choice for choice in choices if choice == self._values[name])  # a package may have made it numpy's

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        return min(high, max(low, int(self._values[name])))

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        return min(high, max(low, float(self._values[name])))
