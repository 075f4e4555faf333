"""Parameters as numbers between 0 and 1 that trees can split on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from replay.tables import Floats
from tuner.core.records import Value
from tuner.search.space import SearchSpace, is_number

INACTIVE = 0.5


class Encoding:
    """One number for each range and each list of numbers, one for each of other choices.

    Alternatives of a parameter, such as sgd's lr and adam's, share a number: the place in their own range.
    """

    def __init__(self, space: SearchSpace) -> None:
        varying = [each for each in space.parameters if len(each.choices) != 1]
        self._ranked = [each for each in varying if all(map(is_number, each.extremes))]
        self._named = [each for each in varying if each not in self._ranked]
        names = dict.fromkeys(each.name for each in self._ranked)
        choices = dict.fromkeys((each.name, choice) for each in self._named for choice in each.choices)
        self._column: dict[object, int] = {key: index for index, key in enumerate([*names, *choices])}

    def __call__(self, parameters: Mapping[str, Value]) -> Floats:
        """The numbers of one configuration."""
        found = np.zeros(len(self._column))
        for each in self._ranked:
            column = self._column[each.name]
            if each.name not in parameters:
                found[column] = INACTIVE
            elif each.active(parameters):
                found[column] = each.place(parameters[each.name])
        for each in self._named:
            if each.active(parameters):
                found[self._column[each.name, parameters[each.name]]] = 1
        return found
