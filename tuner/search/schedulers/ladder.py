"""The rungs of a search: which trials reached each, how good they were there, and which of them wait.

It is computed from the study when a search begins or is resumed, and then kept up to date, so that a decision costs as
much with ten thousand trials as with ten.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile

from tuner.core.rank import Rank
from tuner.core.records import TrialRecord
from tuner.search.multi_objective import best_ranks_first


class Rung:
    """An epoch after which trials are compared. Failed trials are left out: they would take the places of others."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.ranks: dict[int, Rank] = {}
        """How good each trial was, if it had ended here, by its number. All that reached it, the first one first."""
        self.pruned: set[int] = set()
        """Of these, the trials that ended here."""
        self._ordered: list[Rank] = []  # the worst first
        self._lowest: tuple[tuple[int, int], Rank | None] | None = None
        self._waiting: list[tuple[Rank, int]] = []  # the worst first; of equals the one with the higher number

    def waiting(self, most: int) -> list[int]:
        """The numbers of the trials that wait here, the best first, and no more than `most`.

        Of equal scores the one with the lower loss is better; a trial's number decides only if both are equal. Several
        objectives are compared as in `core.pareto`, among all trials that reached the rung.
        """
        if most <= 0:
            return []
        if not self._several:
            return [-number for _, number in self._waiting[: -most - 1 : -1]]
        waiting = {-number for _, number in self._waiting}
        numbers = list(self.ranks)
        order = (numbers[place] for place in best_ranks_first(list(self.ranks.values())))
        return [number for number in order if number in waiting][:most]

    @property
    def promoted(self) -> int:
        """How many have trained on."""
        return len(self.ranks) - len(self._waiting) - len(self.pruned)

    @property
    def lowest_promoted(self) -> Rank | None:
        """The worst rank of those; None if there are none. When a search ends it is asked for each trial that waits."""
        known = len(self.ranks), self.promoted
        if self._lowest is None or self._lowest[0] != known:
            waiting = {-number for _, number in self._waiting}
            passed = (rank for n, rank in self.ranks.items() if n not in waiting and n not in self.pruned)
            self._lowest = known, min(passed, default=None)
        return self._lowest[1]

    def better(self, number: int) -> int:
        """How many of all that reached it are better than this trial, by one objective."""
        return len(self._ordered) - bisect_right(self._ordered, self.ranks[number])

    def best(self, place: int) -> Rank:
        """The rank of the best one (1), the second best (2) and so on, by one objective."""
        return self._ordered[-place]

    @property
    def _several(self) -> bool:
        return any(len(rank.gains) > 1 for rank in islice(self.ranks.values(), 1))

    def before(self, number: int) -> list[Rank]:
        """The ranks of those that reached it before this trial did."""
        return [rank for _, rank in takewhile(lambda each: each[0] != number, self.ranks.items())]

    def better_before(self, number: int) -> int:
        """How many of these are better than this trial."""
        before, own = self.before(number), self.ranks[number]
        if not self._several:
            return sum(rank > own for rank in before)
        return best_ranks_first([*before, own]).index(len(before))

    def reach(self, record: TrialRecord) -> None:
        """Notes that the trial has reached it, if it has."""
        if record.number not in self.ranks and (rank := record.rank_until(self.epoch)):
            self.ranks[record.number] = rank
            insort(self._ordered, rank)

    def forget(self, number: int) -> None:
        """The trial gives its place back."""
        del self._ordered[bisect_left(self._ordered, self.ranks.pop(number))]

    def wait(self, number: int) -> None:
        """The trial waits here from now on."""
        insort(self._waiting, (self.ranks[number], -number))

    def wait_all(self, numbers: Iterable[int]) -> None:
        """Those of these trials that reached it wait here, and no others: sorted once, when a search is resumed."""
        self._waiting = sorted((self.ranks[number], -number) for number in numbers if number in self.ranks)

    def leave(self, number: int) -> None:
        """The trial does not wait here any more, if it did."""
        key = (self.ranks[number], -number)
        place = bisect_left(self._waiting, key)
        if place < len(self._waiting) and self._waiting[place] == key:
            del self._waiting[place]


class Ladder:
    """The rungs of a search, the lowest first."""

    def __init__(self, epochs: Sequence[int]) -> None:
        """`epochs` are those of the rungs."""
        self.rungs = tuple(Rung(epoch) for epoch in sorted(epochs))
        self._running: set[int] = set()
        self._scores: dict[int, Mapping[int, float]] = {}  # of the trials that have reached a rung, by epoch

    @classmethod
    def of(cls, epochs: Sequence[int], records: Iterable[TrialRecord], running: Collection[int] = ()) -> Ladder:
        """That of a search with these trials, of which the ones with these numbers run."""
        ladder = cls(epochs)
        able = [record for record in records if record.state != "FAIL"]
        for rung in ladder.rungs:
            come = [record for record in able if record.epoch >= rung.epoch]
            for record in sorted(come, key=lambda each: each.metrics.get(rung.epoch, {}).get("time", 0.0)):
                rung.reach(record)
        idle = []
        for record in able:
            ladder._scores[record.number] = record.values
            if record.number in running:
                ladder.begin(record)
            elif record.ended:
                ladder.end(record)
            else:
                idle.append(record)
        for rung in ladder.rungs:
            rung.wait_all(record.number for record in idle if record.epoch == rung.epoch)
        return ladder

    def reach(self, record: TrialRecord) -> None:
        """Notes the rungs that the trial has reached."""
        self._scores[record.number] = record.values
        for rung in self.rungs:
            rung.reach(record)

    def begin(self, record: TrialRecord) -> None:
        """The trial runs: it has begun, or goes on."""
        self._running.add(record.number)
        for rung in self.rungs:
            if rung.epoch == record.epoch and record.number in rung.ranks:
                rung.leave(record.number)

    def wait(self, record: TrialRecord) -> None:
        """The trial does not run now, and may go on. It waits at its rung, if it is at one."""
        self._running.discard(record.number)
        for rung in self.rungs:
            if rung.epoch == record.epoch and record.number in rung.ranks:
                rung.leave(record.number)
                rung.wait(record.number)

    def end(self, record: TrialRecord) -> None:
        """The trial has ended. If it failed, it gives its places back."""
        self._running.discard(record.number)
        for rung in self.rungs:
            if record.number in rung.ranks:
                rung.leave(record.number)
                if record.state == "FAIL":
                    rung.forget(record.number)
                elif record.epoch == rung.epoch:
                    rung.pruned.add(record.number)

    def scores(self, number: int, last: int) -> list[float]:
        """The scores of a trial that has reached a rung, after each epoch until the `last`."""
        return [score for epoch, score in sorted(self._scores[number].items()) if epoch <= last]

    def coming(self, rung: Rung) -> bool:
        """Whether a trial that runs has not reached the rung yet."""
        return any(number not in rung.ranks for number in self._running)

    def passing(self, passes: Callable[[Rung, int], bool]) -> list[int]:
        """The numbers of the trials at a rung that pass it, those at the highest rung first."""
        waiting = [(rung, number) for rung in reversed(self.rungs) for number in rung.waiting(len(rung.ranks))]
        return [number for rung, number in waiting if passes(rung, number)]


class Ladders:
    """The ladders of a search: trials that have the same rungs are compared with each other."""

    def __init__(
        self, rungs_of: Callable[[int], tuple[int, ...]], records: Iterable[TrialRecord], running: Collection[int] = ()
    ) -> None:
        """Those of these trials. `rungs_of` gives the epochs of a trial's rungs, by its number. See Ladder.of."""
        self._rungs_of = rungs_of
        groups: dict[tuple[int, ...], list[TrialRecord]] = {}
        for record in records:
            groups.setdefault(rungs_of(record.number), []).append(record)
        self._ladders = {epochs: Ladder.of(epochs, group, running) for epochs, group in groups.items()}

    def of(self, number: int) -> Ladder:
        """That of a trial."""
        epochs = self._rungs_of(number)
        if epochs not in self._ladders:
            self._ladders[epochs] = Ladder(epochs)
        return self._ladders[epochs]

    def __iter__(self) -> Iterator[Ladder]:
        """All of them. The one with the lowest rung comes first, whatever began first."""
        return iter([self._ladders[epochs] for epochs in sorted(self._ladders, key=len, reverse=True)])
