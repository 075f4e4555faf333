"""Whether two rungs agree on the ranking of trials, as PASHA asks (Bohdal et al. 2023, section 4).

The ranking is soft: trials whose scores differ by no more than epsilon are equals. Epsilon is estimated from pairs of
trials whose learning curves cross back and forth: what such a pair differs by in the end is noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from tuner.search.schedulers.ladder import Ladder

NOISE_PERCENTILE = 90  # of the differences of the pairs that cross back and forth, as in the paper
FEWEST_EQUALS = 3  # two trials may well have the same accuracy
MOST_PARTNERS = 100  # how many earlier trials a trial makes pairs with: more of them tell no more of the noise


def agree(below: Sequence[float], above: Sequence[float], *, epsilon: float) -> bool:
    """Whether two rungs agree on the ranking of trials.

    If several have one and the same score at the lower rung, they have learnt nothing there yet (or all there is). That
    is no ranking, with which another one could agree.

    Args:
        below: the scores of the trials at the lower rung.
        above: those of the same trials at the upper rung, in the same order.
        epsilon: scores at the lower rung that differ by no more than this are equal.

    >>> agree([0.5, 0.6, 0.7], [0.7, 0.8, 0.9], epsilon=0.0)
    True
    >>> agree([0.5, 0.6, 0.7], [0.8, 0.7, 0.9], epsilon=0.0), agree([0.5, 0.6, 0.7], [0.8, 0.7, 0.9], epsilon=0.11)
    (False, True)
    >>> agree([0.1, 0.1, 0.1], [0.1, 0.2, 0.3], epsilon=0.0)
    False
    """
    import numpy as np  # noqa: PLC0415 - `tuner --help` asks for the names of schedulers, and does without

    lower, upper = np.asarray(below), np.asarray(above)
    if len(lower) >= FEWEST_EQUALS and len({*below}) == 1:
        return False
    order = np.lexsort((-lower, -upper))  # the best at the upper rung first; of equals there the best at the lower one
    return bool(np.all(np.abs(lower[order] - np.sort(lower)[::-1]) <= epsilon))


def crosses_back(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two learning curves changed places, and back again to the order in which they end.

    >>> crosses_back([1, 0, 1], [0, 1, 0]), crosses_back([0, 0, 1], [1, 1, 0]), crosses_back([1, 2, 3], [0, 1, 2])
    (True, False, False)
    """
    last, opposite = one[-1] > other[-1], False
    for mine, its in zip(reversed(one[:-1]), reversed(other[:-1]), strict=False):
        if (mine > its) != last:
            opposite = True
        elif opposite:
            return True
    return False


class Agreement:
    """Whether two rungs have always agreed on the ranking of the trials that have come to the upper one.

    It follows from the rungs alone. It is kept up to date as trials come, which costs less than to begin anew.
    """

    def __init__(self) -> None:
        self._seen: list[int] = []
        self._noise: list[float] = []
        self._held = True

    def holds(self, ladder: Ladder, upper: int) -> bool:
        """Whether it has held from the first trial on. `upper` is the index of the upper rung; the lowest has 0."""
        below, above = ladder.rungs[upper - 1], ladder.rungs[upper]
        if self._seen != [*islice(above.ranks, len(self._seen))]:
            self._begin()  # a trial failed since: now it is as if it had never been there
        for number in islice(above.ranks, len(self._seen), None):
            if self._held:
                self._add(ladder, number, above.epoch)
                so_far = (*self._seen, number)
                scores = ([rung.ranks[each].gains[0] for each in so_far] for rung in (below, above))
                self._held = agree(*scores, epsilon=self._epsilon())
            self._seen.append(number)
        return self._held

    def _begin(self) -> None:
        self._seen, self._noise, self._held = [], [], True

    def _add(self, ladder: Ladder, number: int, epoch: int) -> None:
        """Looks at the pairs of a trial that has come with those that came before it."""
        own = ladder.scores(number, epoch)
        for other in self._seen[-MOST_PARTNERS:]:
            its = ladder.scores(other, epoch)
            if crosses_back(own, its):
                self._noise.append(abs(own[-1] - its[-1]))

    def _epsilon(self) -> float:
        import numpy as np  # noqa: PLC0415 - `tuner --help` asks for the names of schedulers, and does without

        return float(np.percentile(self._noise, NOISE_PERCENTILE)) if self._noise else 0.0
