"""What a method of search is to the simulated workers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from replay.surrogate import UNKNOWN_SAMPLES, Curve
from replay.tables import Parameters, Table
from tuner.core.rank import Rank
from tuner.core.records import Value
from tuner.search.space import SearchSpace
from tuner.search.start_points import default_point, values_to_draw


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search that a method is asked for."""

    space: SearchSpace
    raw_space: dict[str, Any]
    epochs: int
    """The most that a trial trains."""
    samples: int
    """Of the validation set."""
    workers: int
    seed: int
    trials: int | None
    """After which the search ends by itself; None when it goes on until the epochs of `budget` are spent."""
    budget: int | None
    """All epochs together; None for as many as the `trials` take."""
    default_first: bool = True
    """Whether the default configuration is the first point."""

    good: Parameters = field(default_factory=dict)
    """What an expert believes to be good: see `runs.believed`."""
    bad: Parameters = field(default_factory=dict)
    """What somebody who is wrong believes."""

    @classmethod
    def over(cls, table: Table, *, trials: int | None, budget: int | None = None, **more: Any) -> Search:
        """A search over a recorded table. `more` has the other fields."""
        values = {
            "space": table.space,
            "raw_space": table.raw_space,
            "epochs": table.epochs,
            "samples": table.samples or UNKNOWN_SAMPLES,
        }
        return cls(**{**values, **more}, trials=trials, budget=budget)

    @property
    def most_trials(self) -> int:
        """No method begins more."""
        return self.trials or self.budget or 0

    @property
    def default(self) -> Parameters:
        """The default configuration, as a sweep has it: the first start point of the space, or the middle of it."""
        return default_point(self.raw_space, self.space)

    @property
    def default_labels(self) -> dict[str, Value]:
        """The same by the names that the study has for parameters."""
        return values_to_draw(self.default, self.space)


class Incumbent(NamedTuple):
    """What a search would return now."""

    number: int
    """The trial's."""
    epoch: int
    """That is kept of it."""


class Method(Protocol):
    """A search that is going on. Trials are numbered from 0, and their seeds follow from their numbers."""

    def next_trial(self) -> tuple[int, Parameters] | None:
        """A trial for a free worker, new or begun; None when there is none now."""

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """Takes the results of a trial's epoch, counted from 1. Returns whether the trial goes on at once."""

    def best(self) -> Incumbent | None:
        """What it would return now; None before the first epoch."""


Maker = Callable[[Search], AbstractContextManager[Method]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A method that can be chosen."""

    make: Maker
    anytime: bool = True
    """Whether one search shows what it returns at each smaller budget; otherwise each has a search of its own."""
    needs: str = ""
    """The module that must be installed."""
    anew: bool = False
    """Whether a trial that goes on after a rung begins anew, as code does that saves no state."""


class Board:
    """The trials of a method that keeps no records of its own. The best one is chosen as by `records.best_of`."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Rank, int, int]] = {}

    def note(self, number: int, epoch: int, curve: Curve) -> None:
        """An epoch has ended."""
        kept = curve.kept[epoch - 1]
        self._kept[number] = Rank(0.0, (curve.accuracy[kept - 1],), -curve.loss[kept - 1]), -number, kept

    def best(self) -> Incumbent | None:
        """The first of the trials with the best kept epoch."""
        if not self._kept:
            return None
        _, minus_number, kept = max(self._kept.values())
        return Incumbent(-minus_number, kept)

    def ranked(self) -> list[int]:
        """The numbers of all trials, the best first."""
        return sorted(self._kept, key=lambda number: self._kept[number], reverse=True)
