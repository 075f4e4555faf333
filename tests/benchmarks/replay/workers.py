"""Workers that train nothing: they read their epochs from a surrogate, on a clock that jumps from end to end."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from replay.methods.base import Kind, Search
from replay.surrogate import Curve
from tuner.core.records import Value, trial_seed

EVERY = 6  # epochs in all: how often it is looked whether a search is near the best


Trainings = Callable[[Mapping[str, Value], int], Curve]
"""What a training of these parameters with this seed reports: a Surrogate."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a search came to."""

    scores: dict[int, float]
    """By budget, the test accuracy of what would be returned then; at 0 what is returned at the end."""
    epochs: int
    """All that were trained."""
    trials: int
    near: int | None
    """The epochs in all after which what would be returned is near the best of the table; None for never."""


def replay(kind: Kind, search: Search, surrogate: Trainings, budgets: Sequence[int], goal: float) -> Replayed:
    """Runs a search until its largest budget, or until its end where there are no budgets.

    It is near the best when the test accuracy of what it would return reaches `goal`, the noise of the training aside.
    """
    scores: dict[int, float] = {}
    near: int | None = None
    curves: dict[int, Curve] = {}
    done: dict[int, int] = {}
    ends: list[tuple[float, int, int]] = []
    now, spent, free, last = 0.0, 0, search.workers, max(budgets, default=None)
    with kind.make(search) as method:
        while last is None or spent < last:
            while free and (drawn := method.next_trial()):
                number, parameters = drawn
                if number not in curves:
                    curves[number], done[number] = surrogate(parameters, trial_seed(search.seed, number)), 0
                elif kind.anew:
                    done[number] = 0
                heapq.heappush(ends, (now + curves[number].seconds, spent, number))
                free -= 1
            if not ends:
                break
            now, _, number = heapq.heappop(ends)
            spent, done[number] = spent + 1, done[number] + 1
            if method.on_epoch(number, done[number], curves[number]):
                heapq.heappush(ends, (now + curves[number].seconds, spent, number))
            else:
                free += 1
            looked = near is None and spent % EVERY == 0
            if (spent in budgets or looked) and (best := method.best()):
                if spent in budgets:
                    scores[spent] = curves[best.number].test[best.epoch - 1]
                if near is None and curves[best.number].truth[best.epoch - 1] >= goal:
                    near = spent
        best = method.best()
        assert best is not None, "a search that trains nothing"
        for budget in [*budgets, 0]:
            scores.setdefault(budget, curves[best.number].test[best.epoch - 1])
    return Replayed(scores=scores, epochs=spent, trials=len(curves), near=near)
