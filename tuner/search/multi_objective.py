"""Trials with several objectives in an order: by non-dominated rank, and those of a rank by an epsilon-net.

That is how multi-objective ASHA compares trials (Schmucker et al. 2021, "Multi-objective Asynchronous Successive
Halving", section 3). All numbers here are gains: the larger the better.
"""

from __future__ import annotations

from collections.abc import Sequence

from tuner.core.pareto import Gains, fronts
from tuner.core.rank import Rank


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


def _net(front: Sequence[int], gains: Gains) -> list[int]:
    """The places of a front in an order in which any first part is spread over all of it (an epsilon-net).

    It begins with the best first objective. Then always that point follows which is farthest from those taken, with
    each objective scaled to the front's range.
    """
    import numpy as np  # noqa: PLC0415 - what asks for a scheduler's rungs alone, such as --help, does without

    points = np.array([gains[place] for place in front])
    span = np.ptp(points, axis=0)
    points = points / np.where(span > 0, span, 1.0)
    away, taken, order = np.full(len(front), np.inf), 0, []
    for _ in front:
        order.append(front[taken])
        away = np.minimum(away, np.linalg.norm(points - points[taken], axis=1))
        away[taken] = -1.0  # also of points that are equal each is taken once
        taken = int(away.argmax())
    return order
