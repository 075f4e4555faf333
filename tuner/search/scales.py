"""How a parameter's values lie along an axis. Alternatives of one parameter, such as sgd's lr and adam's, share it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tuner.core.records import Value
from tuner.search.space import Parameter, SearchSpace


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A list of choices, or a range."""

    name: str
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def measure(self, value: Value) -> float:
        """The position of a number along the axis: on a log scale, its decimal logarithm."""
        number = float(value)
        return math.log10(number) if self.log else number

    def place(self, value: Value) -> float:
        """Where the value lies, from 0 to 1."""
        if self.choices:
            return self.choices.index(value) / (len(self.choices) - 1)
        low, high = self.measure(self.low), self.measure(self.high)
        return (self.measure(value) - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """Places and labels: all choices, or the ends of a range with the middle or the powers of ten in between."""
        if self.choices:
            return [(self.place(choice), str(choice)) for choice in self.choices]
        return [(self.place(value), f"{value:.3g}") for value in self.marks()]

    def marks(self) -> list[float]:
        """The values that label a range."""
        inner = self._powers() if self.log else [(self.low + self.high) / 2]
        return [self.low, *inner, self.high]

    def _powers(self) -> list[float]:
        """Powers of ten that are not too near to an end."""
        exponents = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
        return [10.0**exponent for exponent in exponents if 0.1 < self.place(10.0**exponent) < 0.9]


def scales(space: SearchSpace) -> list[Scale]:
    """The scales of all parameters that vary, in the order of the space.

    A parameter that is a range for one value of its parent, and non-numeric choices for another, has no scale.
    """
    names = dict.fromkeys(parameter.name for parameter in space.parameters)
    merged = (_merge(name, [p for p in space.parameters if p.name == name]) for name in names)
    return [scale for scale in merged if scale]


def _merge(name: str, alternatives: list[Parameter]) -> Scale | None:
    extremes = [value for parameter in alternatives for value in parameter.extremes]
    if all(parameter.choices for parameter in alternatives):
        choices = tuple(dict.fromkeys(extremes))
        return Scale(name=name, choices=choices) if len(choices) > 1 else None
    if not all(type(value) in (int, float) for value in extremes):
        return None
    numbers = [float(value) for value in extremes]
    log = any(parameter.log for parameter in alternatives) and min(numbers) > 0
    return Scale(name=name, low=min(numbers), high=max(numbers), log=log)
