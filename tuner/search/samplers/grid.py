"""All points of a space of choices and steps, each once, in an order that the seed decides.

A parameter that only some points have does not multiply the others. (Optuna's own sampler would try such a point
several times.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice

import numpy as np
from optuna.samplers import BaseSampler

from tuner.core.errors import TunerError
from tuner.core.records import Value
from tuner.search.samplers.draft import Draft
from tuner.search.samplers.point import Point, PointSampler
from tuner.search.space import Parameter

MOST_POINTS = 100_000


def grid_size(parameters: tuple[Parameter, ...]) -> int:
    """How many points there are.

    Raises:
        TunerError: a parameter has no end of values, or there are more than MOST_POINTS points.
    """
    for parameter in parameters:
        endless = not parameter.choices and not parameter.whole and parameter.step is None
        if endless and _can_be_active(parameter, parameters):
            raise TunerError(
                f"--sampler grid: {parameter.alternative} is a range without steps: give it a step, or choices such as "
                f"--set {parameter.key}={parameter.low:g},{parameter.high:g}"
            )
    size = len(_points(parameters))
    if size > MOST_POINTS:
        raise TunerError(f"--sampler grid: the space has more than {MOST_POINTS:,} points: give fewer choices or steps")
    return size


def make_grid(draft: Draft) -> BaseSampler:
    """The sampler of a trial. Where there are more trials than points, it begins again."""
    points = _untried(draft.parameters, draft.tried)
    return PointSampler(points[_order(len(points), draft.seed)[(draft.number - draft.first) % len(points)]])


@lru_cache(maxsize=4)
def _points(parameters: tuple[Parameter, ...]) -> list[Point]:
    """All points, by the names in the study; one more than MOST_POINTS where there are more."""
    return list(islice(_walk(parameters, {}), MOST_POINTS + 1))


def _untried(parameters: tuple[Parameter, ...], tried: Sequence[Point]) -> list[Point]:
    """The points that no earlier trial has; all of them if there is none left."""
    known = {frozenset(point.items()) for point in tried}
    points = _points(parameters)
    return [point for point in points if frozenset(point.items()) not in known] or points if known else points


@lru_cache(maxsize=4)
def _order(size: int, seed: int) -> list[int]:
    return [int(index) for index in np.random.default_rng(seed).permutation(size)]


def _walk(parameters: tuple[Parameter, ...], drawn: dict[str, Value]) -> Iterator[Point]:
    if not parameters:
        yield {}
        return
    first, *rest = parameters
    if not first.active(drawn):
        yield from _walk(tuple(rest), drawn)
        return
    for value in _values(first):
        for point in _walk(tuple(rest), {**drawn, first.name: value}):
            yield {first.label: value, **point}


def _values(parameter: Parameter) -> tuple[Value, ...]:
    if parameter.choices:
        return parameter.choices
    if parameter.whole:
        return tuple(range(int(parameter.low), int(parameter.high) + 1, int(parameter.step or 1)))
    low, high, step = (Decimal(str(number)) for number in (parameter.low, parameter.high, parameter.step))
    return tuple(float(low + index * step) for index in range(int((high - low) / step) + 1))


def _can_be_active(parameter: Parameter, parameters: tuple[Parameter, ...]) -> bool:
    """Whether any point has it: `--set` may have taken away the value that it depends on."""
    if parameter.parent is None:
        return True
    above = [each for each in parameters if each.name == parameter.parent and each.meets(parameter)]
    parents = [each for each in above if _can_be_active(each, parameters)]
    return any(not each.choices or set(each.choices) & set(parameter.parent_values) for each in parents)
