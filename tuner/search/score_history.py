"""One comparable number for each trial where some were trained for another number of epochs, or in an earlier sweep.

The learning rate follows the number of epochs, so that a trial of 20 epochs and one of 60 cannot be compared at any
epoch of theirs. But what a trial came to in the end (its score, extrapolated to its last epoch) can stand below the
first rung of the longer ones, like one more rung: a line is fitted through the points that were trained for both
lengths, see extrapolation.py. Such a point, a *twin*, is compared by its newest training alone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tuner.core.config import SweepConfig
from tuner.core.earlier import lengths
from tuner.core.records import TrialRecord, Value
from tuner.core.warm_trials import WarmTrial
from tuner.search.extrapolation import Floats, ScoreTable, extrapolate
from tuner.search.schedulers import make_scheduler

Key = Callable[[Mapping[str, Value]], Hashable | None]


@dataclass(frozen=True, kw_only=True)
class Length:
    """A number of epochs that trials of a sweep were trained for."""

    first: int
    """The number of the first such trial."""
    levels: tuple[int, ...]
    """The epochs after which they are compared: the rungs, and the last epoch."""


class History(NamedTuple):
    """All scores of one objective, comparable."""

    own: Floats
    """(trials,) of the sweep's trials; NaN for those that have none."""
    warm: Floats
    """(warm trials,) of those of an earlier sweep; NaN for those that have been trained again."""
    superseded: frozenset[int]
    """The numbers of the trials whose point was trained again for longer, and has a score there."""


class ScoreHistory:
    """The scores of a sweep's trials, whatever they were trained for."""

    def __init__(
        self,
        trained: Sequence[Length],
        warm: Sequence[WarmTrial] = (),
        *,
        comparable: bool = True,
        key: Key | None = None,
        objective: int = 0,
    ) -> None:
        """Args:
        trained: the lengths in their order.
        warm: trials of an earlier sweep.
        comparable: whether these were trained as the trials of the first length are.
        key: what is equal for two trials of the same point; None for a trial outside the search space.
        objective: whose scores they are, by its place.
        """
        self._lengths = tuple(trained)
        self._tables = [ScoreTable(each.levels, objective) for each in trained]
        self._warm = np.array([each.score for each in warm], dtype=np.float64)
        self._comparable = comparable
        self._key = key or _same
        self._keys: list[Hashable | None] = [self._key(each.parameters) for each in warm]
        self._count = 0

    def note(self, record: TrialRecord) -> None:
        """Takes what a trial has reached."""
        place = len(self._warm) + record.number
        self._keys += [None] * (place + 1 - len(self._keys))
        if self._keys[place] is None and record.parameters:
            self._keys[place] = self._key(record.parameters)
        self._count = max(self._count, record.number + 1)
        self._tables[self._stage(record.number)].note(record)

    def scores(self) -> History:
        """The scores of all trials at the end of the newest length."""
        if len(self._tables) == 1 and not len(self._warm):
            return History(self._tables[0].extrapolated(), self._warm, frozenset())
        before, old = self._warm_alone(), len(self._warm)
        again: set[int] = set()
        for stage, table in enumerate(self._tables):
            rows = np.vstack([np.full((old, len(self._lengths[stage].levels)), np.nan), table.scores(self._count)])
            if stage == 0 and self._comparable:
                rows[:old, -1] = self._warm
            started = ~np.isnan(rows[:, 0])
            for place, twin in self._twins(stage).items():
                if started[place]:
                    before[place] = before[twin]
                    again.add(twin)
            found = extrapolate(np.column_stack([before, rows]) if (~np.isnan(before)).any() else rows)
            before = found
        before[list(again)] = np.nan
        return History(before[old:], before[:old], frozenset(place - old for place in again if place >= old))

    def _warm_alone(self) -> Floats:
        """(warm trials + trials,) what the warm ones came to, if that cannot be compared as it is."""
        before = np.full(len(self._warm) + self._count, np.nan)
        if not self._comparable:
            before[: len(self._warm)] = self._warm
        return before

    def _stage(self, number: int) -> int:
        return sum(number >= each.first for each in self._lengths) - 1

    def _twins(self, stage: int) -> dict[int, int]:
        """The trials of a length whose point was trained before it, each with the last one that was."""
        warm = len(self._warm)
        first = warm + self._lengths[stage].first
        last = warm + self._lengths[stage + 1].first if stage + 1 < len(self._lengths) else len(self._keys)
        seen = {key: place for place, key in enumerate(self._keys[:first]) if key is not None}
        return {
            place: seen[key] for place in range(first, min(last, len(self._keys))) if (key := self._keys[place]) in seen
        }


def lengths_of(config: SweepConfig) -> list[Length]:
    """The numbers of epochs that the trials of a sweep train for."""
    return [
        Length(first=first, levels=(*make_scheduler(replace(config, epochs=epochs)).rungs(), epochs))
        for first, epochs in lengths(config)
    ]


def _same(parameters: Mapping[str, Value]) -> Hashable:
    return frozenset(parameters.items())
