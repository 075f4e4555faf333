"""Trials with several objectives in an order: by non-dominated rank, and those of a rank by an epsilon-net.

That is how multi-objective ASHA compares trials (Schmucker et al. 2021, "Multi-objective Asynchronous Successive
Halving", section 3). One trial dominates another if it is at least as good in each objective, and better in one. The
first rank is the Pareto front: those that none dominates; the next one is the front of all others, and so on.

All numbers here are gains: the larger the better.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import dist, inf

from tuner.core.rank import Rank
from tuner.core.records import TrialRecord

Gains = Sequence[Sequence[float]]


def best_first(gains: Gains) -> list[int]:
    """The places of all points, the best first. For a single objective the order is stable.

    >>> best_first([[1.0, 1.0], [3.0, 1.0], [2.0, 2.0], [1.0, 3.0]])
    [1, 3, 2, 0]
    """
    if not gains or len(gains[0]) == 1:
        return sorted(range(len(gains)), key=lambda place: -gains[place][0])
    return [place for front in fronts(gains) for place in _net(front, gains)]


def best_ranks_first(ranks: Sequence[Rank]) -> list[int]:
    """The same for ranks: first those that violate no constraint, then the others by how much they violate."""
    order = sorted(range(len(ranks)), key=lambda place: ranks[place], reverse=True)
    able = [place for place in order if ranks[place].feasible]
    return [*(able[place] for place in best_first([ranks[n].gains for n in able])), *order[len(able) :]]


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


def _net(front: Sequence[int], gains: Gains) -> list[int]:
    """The places of a front in an order in which any first part is spread over all of it (an epsilon-net).

    It begins with the best first objective. Then always that point follows which is farthest from those taken, with
    each objective scaled to the front's range.
    """
    columns = list(zip(*(gains[place] for place in front), strict=True))
    spans = [max(column) - min(column) or 1.0 for column in columns]
    points = {place: [value / span for value, span in zip(gains[place], spans, strict=True)] for place in front}
    taken = front[0]
    order, away = [taken], dict.fromkeys(front[1:], inf)
    while away:
        away = {place: min(far, dist(points[place], points[taken])) for place, far in away.items()}
        taken = max(away, key=lambda place: away[place])
        del away[taken]
        order.append(taken)
    return order
