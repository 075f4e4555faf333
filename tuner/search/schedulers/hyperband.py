"""Hyperband (Li et al. 2018), asynchronous: ASHA in brackets, as in section 3.2 of Li et al. 2020.

A trial that begins poorly may be the best in the end. So a part of the trials is compared for the first time at a
higher rung, or never. A bracket is the trials with the same first rung, and each promotes its own best third.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tuner.core.objective import Goal
from tuner.search.schedulers.asha import ETA, AshaScheduler
from tuner.search.schedulers.ladder import Rung
from tuner.search.schedulers.standing import waited_text

RUNGS = 2  # so that a sweep of some twenty trials has all brackets


@dataclass(frozen=True, kw_only=True)
class Hyperband(AshaScheduler):
    """See above, and Scheduler."""

    workers: int = 1
    """Not those of the sweep: while one bracket has no work for a worker, the others may."""
    most: int = RUNGS

    rule = "only the best third of its bracket continue"

    def stood(self, rung: Rung, number: int, goal: Goal) -> str:
        """See Scheduler."""
        return waited_text(rung, number, goal, "of its bracket there")

    def rungs_of(self, number: int) -> tuple[int, ...]:
        """See Scheduler. Decided by the number of the trial alone."""
        own = self.rungs()
        turns = _turns(len(own))
        return own[turns[number % len(turns)] :]

    def brackets(self, trials: int) -> Mapping[tuple[int, ...], int]:
        """See Scheduler."""
        own = self.rungs()
        turns = _turns(len(own))
        rounds, rest = divmod(trials, len(turns))
        whole, begun = Counter(turns), Counter(turns[:rest])
        return {own[skipped:]: rounds * whole[skipped] + begun[skipped] for skipped in whole}


@lru_cache
def _turns(count: int) -> tuple[int, ...]:
    """How many of `count` rungs the trials of a round skip, in the order of their numbers, evenly mixed.

    A bracket with s rungs has ceil((count + 1) / (s + 1) * eta^s) trials, so that all train about as many epochs.

    >>> Counter(_turns(2))
    Counter({0: 9, 1: 5, 2: 3})
    """
    turns = []
    for skipped in range(count + 1):
        left = count - skipped
        size = math.ceil((count + 1) / (left + 1) * ETA**left)
        turns += [((turn + 0.5) / size, skipped) for turn in range(size)]
    return tuple(skipped for _, skipped in sorted(turns))
