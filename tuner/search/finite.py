"""The points of a search space that has an end: of choices, whole numbers and steps.

A parameter that only some points have does not multiply the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from math import inf, prod

from tuner.core.records import Value
from tuner.search.relations import Relation, broken
from tuner.search.space import Parameter, SearchSpace

MOST_POINTS = 100_000
"""Of a larger space the points are not listed."""
Drawn = dict[str, Value]
"""The parameters of a point, by the names that training uses."""


def endless(space: SearchSpace) -> Parameter | None:
    """A parameter whose values have no end, and that some point has; None if there is none."""
    for parameter in space.parameters:
        if not _ends(parameter) and _can_be_active(parameter, space.parameters):
            return parameter
    return None


def at_least(space: SearchSpace) -> float:
    """A number of points that the space surely has, without listing them."""
    if endless(space):
        return inf
    return 1 if space.relations else _multiplied(space)


def points_of(space: SearchSpace) -> tuple[Drawn, ...] | None:
    """All points that break no relation; None where they have no end, or are more than MOST_POINTS without relations.

    Dictionaries that are shared: leave them as they are.
    """
    if endless(space) or _multiplied(space) > MOST_POINTS:
        return None
    return _listed(space.parameters, space.relations)


def count_points(space: SearchSpace) -> int | None:
    """How many there are; None as for `points_of`."""
    points = points_of(space)
    return None if points is None else len(points)


def untried(space: SearchSpace, tried: Iterable[Mapping[str, Value]]) -> float:
    """How many points of the space are none of these; infinite where the points are not listed."""
    count = count_points(space)
    return inf if count is None else count - len({space.key(point) for point in tried})


def _multiplied(space: SearchSpace) -> int:
    """The product over the parameters that every point has."""
    return prod(_count_values(each) for each in space.parameters if each.parent is None and not each.model)


@lru_cache(maxsize=4)
def _listed(parameters: tuple[Parameter, ...], relations: tuple[Relation, ...]) -> tuple[Drawn, ...] | None:
    found = list(islice(_walk(parameters, {}), MOST_POINTS + 1))
    return None if len(found) > MOST_POINTS else tuple(point for point in found if not broken(relations, point))


def _walk(parameters: tuple[Parameter, ...], drawn: Drawn) -> Iterator[Drawn]:
    if not parameters:
        yield drawn
        return
    first, rest = parameters[0], parameters[1:]
    if not first.active(drawn):
        yield from _walk(rest, drawn)
        return
    for value in _values(first):
        yield from _walk(rest, {**drawn, first.name: value})


def _values(parameter: Parameter) -> tuple[Value, ...]:
    if parameter.choices:
        return parameter.choices
    if parameter.whole:
        return tuple(range(int(parameter.low), int(parameter.high) + 1, int(parameter.step or 1)))
    low, high, step = (Decimal(str(number)) for number in (parameter.low, parameter.high, parameter.step))
    return tuple(float(low + index * step) for index in range(int((high - low) / step) + 1))


def _count_values(parameter: Parameter) -> int:
    """As many as `_values` has, which may be too many to list."""
    if parameter.choices:
        return len(parameter.choices)
    return round((parameter.high - parameter.low) / (parameter.step or 1)) + 1


def _ends(parameter: Parameter) -> bool:
    return bool(parameter.choices) or parameter.whole or parameter.step is not None


def _can_be_active(parameter: Parameter, parameters: tuple[Parameter, ...]) -> bool:
    """Whether any point has it: `--set` may have taken away the value that it depends on."""
    if parameter.parent is None:
        return True
    above = [each for each in parameters if each.name == parameter.parent and each.meets(parameter)]
    parents = [each for each in above if _can_be_active(each, parameters)]
    return any(not each.choices or set(each.choices) & set(parameter.parent_values) for each in parents)
