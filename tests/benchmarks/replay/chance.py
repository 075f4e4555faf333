"""Random configurations of a space, as Optuna's RandomSampler would draw them, without a study."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tuner.core.records import Value


class Chance:
    """A `tuner.search.space.Draw`: `space(Chance(rng))` is a random configuration."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def suggest_categorical(self, name: str, choices: list[Value]) -> Any:
        """Any choice."""
        return choices[int(self._rng.integers(len(choices)))]

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number of steps above `low`."""
        if log:
            return min(high, max(low, round(self.suggest_float(name, low - 0.5, high + 0.5, step=None, log=True))))
        return low + step * int(self._rng.integers((high - low) // step + 1))

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """Evenly in the range, or in its logarithm."""
        if step:
            return low + step * int(self._rng.integers(round((high - low) / step) + 1))
        if log:
            return math.exp(self._rng.uniform(math.log(low), math.log(high)))
        return float(self._rng.uniform(low, high))
