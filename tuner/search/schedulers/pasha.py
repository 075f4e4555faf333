"""PASHA (Bohdal et al. 2023, "Efficient HPO and NAS with Progressive Resource Allocation"): ASHA that trains no longer
than it takes to rank the trials.

Trials are promoted as by ASHA, but at first no further than to the second rung. Each time that the two highest rungs in
use disagree on the ranking of the trials, the next rung is unlocked; it stays so. In the end the best trial at the
highest rung in use trains all its epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from tuner.core.records import TrialRecord
from tuner.core.units import counted
from tuner.search.schedulers.asha import ETA, AshaScheduler, promotable
from tuner.search.schedulers.ladder import Ladder, Rung
from tuner.search.schedulers.ranking import Agreement

FINALISTS = 1  # trials that train all epochs while the last rung is not in use


@dataclass(frozen=True, kw_only=True)
class Pasha(AshaScheduler):
    """See above, and Scheduler."""

    rule = "only the best third continue, up to the rung where the ranking is stable"
    _known: WeakKeyDictionary[Rung, Agreement] = field(default_factory=WeakKeyDictionary, compare=False, repr=False)
    """What follows from each rung as it is now: a cache."""

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return rungs(self.epochs)

    def unlocked(self, ladder: Ladder) -> int:
        """The index of the highest rung in use, the lowest has 0; that of the last rung + 1 when there is no limit."""
        top = 1
        while top < len(ladder.rungs) and not self._agreement(ladder, top).holds(ladder, top):
            top += 1
        return top

    def _agreement(self, ladder: Ladder, upper: int) -> Agreement:
        return self._known.setdefault(ladder.rungs[upper], Agreement())

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:
        """See Scheduler."""
        top = self.unlocked(ladder)
        used, locked = ladder.rungs[:top], ladder.rungs[top:]
        if chosen := promotable(ladder, used=used, no_more_new=no_more_new, workers=self.workers):
            return chosen
        if not no_more_new or any(ladder.coming(rung) for rung in ladder.rungs[: top + 1]):
            return []
        finalist = (rung.waiting(FINALISTS - rung.promoted) for rung in locked if not ladder.coming(rung))
        return next(filter(None, finalist), [])

    def going_on(self, reached: float, arriving: float, begun: float, *, rung: int) -> float:
        """See Scheduler. After the second rung, it is expected to stay as it is: see `unlocked`."""
        locked = rung not in self.rungs()[:1] and begun <= FINALISTS
        return (
            max(min(FINALISTS, reached) - begun, 0.0)
            if locked
            else super().going_on(reached, arriving, begun, rung=rung)
        )

    def account(self, records: Sequence[TrialRecord]) -> str:
        """See Scheduler."""
        ladder = Ladder.of(self.rungs(), records)
        top = self.unlocked(ladder)
        if top >= len(ladder.rungs):
            return "the ranking was stable at no rung: all rungs were in use, as with asha"
        below, last = ladder.rungs[top - 1 : top + 1]
        further = [str(record.number) for record in records if record.ranked and record.epoch > last.epoch]
        if len(last.ranks) < 2:
            came = counted(len(last.ranks), "trial")
            return f"{came} came to epoch {last.epoch} of {self.epochs}, too few to be ranked there"
        return (
            f"the {len(last.ranks)} trials that came to epoch {last.epoch} of {self.epochs} rank there as at epoch "
            f"{below.epoch}; further trained: {', '.join(further) or 'none'}"
        )


def rungs(epochs: int, eta: int = ETA) -> tuple[int, ...]:
    """The epochs at which trials are compared: a third of all, a ninth and so on, down to the first epoch.

    >>> rungs(20), rungs(100), rungs(3), rungs(1)
    ((1, 2, 7), (1, 4, 11, 33), (1,), ())
    """
    found: list[int] = []
    while (rung := round(epochs / eta ** (len(found) + 1))) and epochs > 1:
        found.append(rung)
    return tuple(reversed(found))
