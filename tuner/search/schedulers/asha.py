"""ASHA, promotion variant (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", algorithm 2).

A rung is an epoch after which trials are compared. A trial that reaches a rung waits there until it is among the best
of those that reached it; then it is promoted and trains on to the next rung. (The stopping variant always lets the
first trial at a rung continue; with few workers that spends most of the budget on whichever came first.)

The state of the rungs is computed from the trials' reports and stored nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuner.core.search_options import ASHA_RUNGS
from tuner.search.schedulers.base import Scheduler
from tuner.search.schedulers.ladder import Ladder, Rung

ETA = 3  # the reduction factor: one in ETA trials continues after a rung


@dataclass(frozen=True, kw_only=True)
class AshaScheduler(Scheduler):
    """The scheduler of a sweep: see `rungs` and `promotable`."""

    epochs: int
    """The most epochs of a trial."""
    workers: int
    """Trials side by side."""
    most: int = ASHA_RUNGS
    """The most rungs."""

    waits = True
    rule = "only the best third continue"

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return rungs(self.epochs, self.most)

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:
        """See Scheduler."""
        return promotable(ladder, no_more_new=no_more_new, workers=self.workers)

    def going_on(self, reached: float, arriving: float, begun: float, *, rung: int) -> float:  # noqa: ARG002
        """See Scheduler."""
        closing = min(reached, max(self.workers, math.ceil(reached / ETA)))
        return max(closing - begun, arriving / ETA, 0.0)


def rungs(epochs: int, most: int = ASHA_RUNGS, eta: int = ETA) -> tuple[int, ...]:
    """The epochs at which trials of at most `epochs` epochs are compared: a third of them, a ninth and so on.

    With three rungs the first one lies in the warm-up of the learning rate. It pays all the same: see docs/search.md.
    Trials of fewer than 14 epochs have no epoch for it.

    >>> rungs(27), rungs(20), rungs(9), rungs(3), rungs(1)
    ((1, 3, 9), (1, 2, 7), (1, 3), (1,), ())
    >>> rungs(27, most=2)
    (3, 9)
    """
    thirds = (round(epochs / eta**power) for power in range(1, most + 1))
    return tuple(sorted({rung for rung in thirds if 1 <= rung < epochs}))


def promotable(
    ladder: Ladder, *, no_more_new: bool, workers: int = 1, eta: int = ETA, used: Sequence[Rung] | None = None
) -> list[int]:
    """The numbers of the waiting trials that may continue now, the best first, all of the highest rung that has any.

    `used` are the rungs after which trials may continue, the lowest first; by default all.

    While new trials are still to come, one in `eta` of those that reached a rung is promoted (rounded down), and never
    more: a trial whose place was taken by an earlier one waits until there is another place (as in D-ASHA of
    Li et al. 2022, "Hyper-Tune"). A sampler that learns makes each trial better than those before; without that limit
    most of them would be promoted. Once no trial can reach a rung any more, the share is rounded up, and at least as
    many are promoted as there are workers, which would be idle otherwise: then a second finalist costs no time, and the
    first may have been lucky.
    """
    used = ladder.rungs if used is None else used
    for rung in reversed(used):
        if chosen := rung.waiting(len(rung.ranks) // eta - rung.promoted):
            return chosen
    if not no_more_new:
        return []
    for rung in used:
        if ladder.coming(rung):
            return []  # it may still reach this rung, and be better
        if chosen := rung.waiting(max(workers, math.ceil(len(rung.ranks) / eta)) - rung.promoted):
            return chosen
    return []
