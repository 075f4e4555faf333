"""The Pareto front of trials with two objectives.

One trial dominates another if it is at least as good in each objective, and better in one. The first front is made of
those that none dominates; the next one is the front of all others, and so on. All numbers here are gains: the larger
the better.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from tuner.core.records import TrialRecord

Gains = Sequence[Sequence[float]]


def fronts(gains: Gains) -> list[list[int]]:
    """The places of points with two objectives by their non-dominated rank. Equal points have the same one.

    The points are taken from the largest first objective on, so only the second can make a difference: each joins the
    first front whose last point it is not dominated by (Jensen 2003). That takes n log n steps for n points.

    >>> fronts([[1.0, 1.0], [3.0, 1.0], [2.0, 2.0], [1.0, 3.0], [1.0, 1.0]])
    [[1, 2, 3], [0, 4]]
    """
    found: list[list[int]] = []
    largest: list[float] = []  # second objective of each front, with its sign changed: in ascending order
    rank, before = 0, None
    for place in sorted(range(len(gains)), key=lambda place: (-gains[place][0], -gains[place][1], place)):
        point = tuple(gains[place])
        if point != before:
            rank = bisect_right(largest, -point[1])
            if rank == len(found):
                found.append([])
                largest.append(0.0)
            largest[rank] = -point[1]
        found[rank].append(place)
        before = point
    return found


def front_of(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The Pareto front of a sweep: the complete trials that violate no constraint and that no other one dominates.

    The one with the best first objective comes first.
    """
    able = [record for record in records if record.state == "COMPLETE" and record.feasible]
    if not able:
        return []
    first = fronts([record.best.gains for record in able])[0]
    return sorted((able[place] for place in first), key=lambda each: (each.best, -each.number), reverse=True)
