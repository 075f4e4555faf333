"""Methods that learn nothing while they search: the default alone, and a few epochs for each, then the best in full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from replay.chance import Chance
from replay.methods.base import Board, Incumbent, Kind, Maker, Method, Search
from replay.surrogate import Curve
from replay.tables import Parameters

FINALISTS = 3


class FewEpochs:
    """The default and random points train a few epochs each; the best are then trained in full (arXiv 2404.04111)."""

    def __init__(self, search: Search, first: int) -> None:
        self._search, self._first = search, first
        last = FINALISTS * (search.epochs - first)
        fitting = search.most_trials if search.budget is None else max(1, (search.budget - last) // first)
        self._left = min(fitting, search.most_trials)
        self._draw = Chance(np.random.default_rng(search.seed))
        self._begun: dict[int, Parameters] = {}
        self._running = 0
        self._finalists: list[int] | None = None
        self._board = Board()

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method."""
        if self._left:
            self._left, self._running, number = self._left - 1, self._running + 1, len(self._begun)
            first = number == 0 and self._search.default_first
            self._begun[number] = self._search.default if first else self._search.space(self._draw)
            return number, self._begun[number]
        if self._running:
            return None
        if self._finalists is None:
            self._finalists = self._board.ranked()[:FINALISTS] if self._first < self._search.epochs else []
        number = self._finalists.pop(0) if self._finalists else -1
        return (number, self._begun[number]) if number >= 0 else None

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """See Method."""
        self._board.note(number, epoch, curve)
        if epoch == self._first:
            self._running -= 1
            return False
        return epoch < self._search.epochs

    def best(self) -> Incumbent | None:
        """See Method."""
        return self._board.best()


class Default:
    """The default configuration, once. See Method."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._begun = False
        self._board = Board()

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method."""
        if self._begun:
            return None
        self._begun = True
        return 0, self._search.default

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """See Method."""
        self._board.note(number, epoch, curve)
        return epoch < self._search.epochs

    def best(self) -> Incumbent | None:
        """See Method."""
        return self._board.best()


def few_epochs(first: int) -> Maker:
    """With so many epochs for each candidate."""

    @contextmanager
    def make(search: Search) -> Iterator[Method]:
        yield FewEpochs(search, min(first, search.epochs))

    return make


@contextmanager
def default(search: Search) -> Iterator[Method]:
    """See Default."""
    yield Default(search)


METHODS = {
    "i-epoch-1": Kind(make=few_epochs(1), anytime=False),
    "i-epoch-3": Kind(make=few_epochs(3), anytime=False),
    "default": Kind(make=default),
}
