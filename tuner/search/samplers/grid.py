"""All points of a space of choices and steps, each once, in an order that the seed decides.

A parameter that only some points have does not multiply the others. (Optuna's own sampler would try such a point
several times.)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from optuna.samplers import BaseSampler

from tuner.core.errors import TunerError
from tuner.search.finite import MOST_POINTS, count_points, endless, points_of
from tuner.search.relations import Relation
from tuner.search.samplers.draft import Draft
from tuner.search.samplers.point import Point, PointSampler
from tuner.search.space import Parameter, SearchSpace
from tuner.search.start_points import values_to_draw


def grid_size(space: SearchSpace) -> int:
    """How many points there are.

    Raises:
        TunerError: a parameter has no end of values, or there are more than MOST_POINTS points.
    """
    if parameter := endless(space):
        raise TunerError(
            f"--sampler grid: {parameter.alternative} is a range without steps: give it a step, or choices such as "
            f"--set {parameter.key}={parameter.low:g},{parameter.high:g}"
        )
    size = count_points(space)
    if size is None:
        raise TunerError(f"--sampler grid: the space has more than {MOST_POINTS:,} points: give fewer choices or steps")
    return size


def make_grid(draft: Draft) -> BaseSampler:
    """The sampler of a trial. Where there are more trials than points, it begins again."""
    points = _untried(draft.space, draft.tried)
    return PointSampler(points[_order(len(points), draft.seed)[(draft.number - draft.first) % len(points)]])


def _untried(space: SearchSpace, tried: Sequence[Point]) -> list[Point]:
    """The points that no earlier trial has; all of them if there is none left."""
    known = {frozenset(point.items()) for point in tried}
    points = _labelled(space.parameters, space.relations)
    return [point for point in points if frozenset(point.items()) not in known] or points if known else points


@lru_cache(maxsize=4)
def _labelled(parameters: tuple[Parameter, ...], relations: tuple[Relation, ...]) -> list[Point]:
    """All points, by the names in the study."""
    space = SearchSpace(1, parameters, relations=relations)
    return [values_to_draw(point, space) for point in points_of(space) or ()]


@lru_cache(maxsize=4)
def _order(size: int, seed: int) -> list[int]:
    return [int(index) for index in np.random.default_rng(seed).permutation(size)]
