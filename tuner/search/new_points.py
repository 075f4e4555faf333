"""Which points a sweep may try next: those that it has not tried, and that break no relation of its search space.

A point counts as tried as soon as a trial has it: also one that runs, or has failed. Points are told apart by their
keys, so that a sweep of 20,000 trials takes no longer to decide than one of ten.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import islice

from tuner.core.records import Value
from tuner.search.finite import at_least, points_of
from tuner.search.space import AtRandom, Parameter, SearchSpace, is_number
from tuner.search.start_points import values_to_draw

Point = Mapping[str, Value]
MOST_DRAWS = 20_000
"""Random points that are looked at for one that may be tried, in a space whose points cannot be listed."""
CANDIDATES = 64
"""Of so many points that may be tried, the one nearest to what a sampler wants is taken."""


class NoNewPointError(RuntimeError):
    """A trial was begun, and there is no point for it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no new point was found for trial {number}")
        self.number = number


class NewPoints:
    """The points of a search space, and which of them a sweep has tried."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._tried: set[Hashable] = set()
        self._at_least = at_least(space)
        self._listed: Sequence[Point] | None = None  # all points, when it was asked for
        self._was_asked = False
        self._rest: list[Point] | None = None  # those that may be untried: at least half of them are
        self._rest_at = 0  # how many points had been tried when that was worked out
        self._gave_up = False

    def add(self, point: Point) -> None:
        """A trial has this point, which lies in the space."""
        self._tried.add(self._space.key(point))

    def may_try(self, point: Point) -> bool:
        """Whether no trial has the point, and it breaks no relation."""
        return self._space.key(point) not in self._tried and self._space.broken(point) is None

    @property
    def exhausted(self) -> bool:
        """Whether there is none left: for sure where the points can be listed, else after MOST_DRAWS without one."""
        if self._gave_up or len(self._tried) < self._at_least:
            return self._gave_up
        points = self._points()
        return points is not None and len(self._tried) >= len(points)

    def find(self, wanted: Point, seed: int, *, near: bool) -> dict[str, Value] | None:
        """A random point that may be tried, by the names in the study; None if there is none.

        With `near` it is the nearest one to the `wanted` point of CANDIDATES random ones.
        """
        rng = random.Random(seed)
        found = list(islice(self._random(rng), CANDIDATES if near else 1))
        self._gave_up = self._gave_up or not found
        nearest = min(found, key=lambda each: _distance(self._space, wanted, each), default=None)
        return None if nearest is None else values_to_draw(nearest, self._space)

    def _random(self, rng: random.Random) -> Iterator[Point]:
        """Random points that may be tried, each once."""
        seen: set[Hashable] = set()
        rest = self._listed_rest()
        if rest is not None:
            places = rng.sample(range(len(rest)), min(len(rest), 4 * CANDIDATES))
            yield from (rest[place] for place in places if self.may_try(rest[place]))
            return
        for _ in range(MOST_DRAWS):
            point = self._space(AtRandom(rng))
            if self.may_try(point) and (key := self._space.key(point)) not in seen:
                seen.add(key)
                yield point

    def _points(self) -> Sequence[Point] | None:
        if not self._was_asked:
            self._listed, self._was_asked = points_of(self._space), True
        return self._listed

    def _listed_rest(self) -> list[Point] | None:
        points = self._points()
        if points is None:
            return None
        if self._rest is None or 2 * (len(self._tried) - self._rest_at) > len(self._rest):
            self._rest = [each for each in points if self._space.key(each) not in self._tried]
            self._rest_at = len(self._tried)
        return self._rest


def _distance(space: SearchSpace, one: Point, other: Point) -> float:
    """How far two points are from each other: the sum over parameters, of which each adds at most 1."""
    return sum(_apart(each, one.get(each.name), other.get(each.name)) for each in space.parameters)


def _apart(parameter: Parameter, one: Value | None, other: Value | None) -> float:
    if one is None or other is None or one == other:
        return float(one != other) if one is None or other is None else 0.0
    if is_number(one) and is_number(other) and all(map(is_number, parameter.choices)):
        try:
            return min(1.0, abs(parameter.place(one) - parameter.place(other)))
        except ValueError:  # of another alternative of this parameter
            return 1.0
    return 1.0
