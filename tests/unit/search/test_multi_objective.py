"""Fronts of trials with two objectives, against the definition."""

from __future__ import annotations

import random

import pytest
from support.common import make_record

from tuner.core.objective import Goal
from tuner.core.pareto import front_of, fronts
from tuner.core.rank import Rank
from tuner.core.records import TrialRecord, best_of
from tuner.search.multi_objective import best_first, best_ranks_first

Point = tuple[float, float]


def dominates(one: Point, other: Point) -> bool:
    return one != other and one[0] >= other[0] and one[1] >= other[1]


def by_definition(points: list[Point]) -> list[set[int]]:
    left, found = set(range(len(points))), []
    while left:
        front = {n for n in left if not any(dominates(points[m], points[n]) for m in left)}
        found.append(front)
        left -= front
    return found


@pytest.mark.parametrize("seed", range(30))
def test_the_fronts_are_those_of_the_definition(seed: int) -> None:
    rng = random.Random(seed)
    points = [(float(rng.randrange(6)), float(rng.randrange(6))) for _ in range(rng.randrange(1, 40))]
    assert [set(front) for front in fronts(points)] == by_definition(points)
    order = best_first(points)
    assert sorted(order) == list(range(len(points)))
    place = {n: rank for rank, front in enumerate(by_definition(points)) for n in front}
    assert [place[n] for n in order] == sorted(place.values())


def test_the_first_of_a_front_are_spread_over_it() -> None:
    points = [(float(n), float(20 - n)) for n in range(21)]
    assert best_first(points)[:5] == [20, 0, 10, 15, 5]


def test_trials_beyond_a_constraint_come_last_the_nearest_first() -> None:
    ranks = [Rank(-0.5, (9.0, 9.0), 0), Rank(0, (1.0, 1.0), 0), Rank(-0.1, (9.0, 9.0), 0), Rank(0, (2.0, 2.0), 0)]
    assert best_ranks_first(ranks) == [3, 1, 2, 0]


def trial(number: int, state: str, accuracy: float, parameters: float, goal: Goal) -> TrialRecord:
    record = make_record(number, state, {1: {"val_accuracy": accuracy, "val_loss": 1.0, "time": 1.0}})
    return TrialRecord(**{**vars(record), "goal": goal, "measured": {"parameters": parameters}})


def test_the_front_has_complete_trials_and_the_winner_is_its_best_by_the_first_objective() -> None:
    goal = Goal.parse("val_accuracy,parameters", "parameters<=900")
    found = [
        trial(0, "PRUNED", 0.99, 100, goal),
        trial(1, "COMPLETE", 0.80, 50, goal),
        trial(2, "COMPLETE", 0.90, 200, goal),
        trial(3, "COMPLETE", 0.85, 300, goal),  # dominated by 2
        trial(4, "COMPLETE", 0.99, 1000, goal),  # beyond the constraint
        trial(5, "FAIL", 0.99, 10, goal),
        trial(6, "COMPLETE", 0.90, 250, goal),  # dominated by 2
    ]
    assert [each.number for each in front_of(found)] == [2, 1]
    best = best_of(found)
    assert best is not None
    assert best.number == 2
    begun = best_of(found[:1])
    assert begun is not None
    assert begun.number == 0  # while none is complete
    assert front_of(found[:1]) == []
