"""Population based training (Jaderberg et al. 2017): which trials train when. What they take over: population.py.

All trials train side by side, in steps. After each step every trial waits for the others, and gives its worker to them:
so a population may be larger than the number of workers. (In the paper no trial waits. It compares itself with what the
others have reported so far, and it is chance which ones these are: the same seed gives another search each time.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.core.records import TrialRecord, best_of
from tuner.core.units import counted
from tuner.search.schedulers.base import Scheduler, evenly_spaced
from tuner.search.schedulers.ladder import Ladder

STEPS = 9  # the parts of a training, after each of which trials are compared


@dataclass(frozen=True, kw_only=True)
class PopulationBased(Scheduler):
    """See above, and Scheduler."""

    epochs: int
    """Of each trial."""

    waits = together = True
    rule = "the worst quarter take over the weights of the best quarter"

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return evenly_spaced(self.epochs, STEPS)

    def promotable(self, ladder: Ladder, *, no_more_new: bool) -> list[int]:
        """See Scheduler: all, once none is still to come."""
        for rung in ladder.rungs:
            if not no_more_new or ladder.coming(rung):
                return []
            if chosen := rung.waiting(len(rung.ranks)):
                return chosen
        return []

    def going_on(self, reached: float, arriving: float, begun: float, *, rung: int) -> float:  # noqa: ARG002
        """See Scheduler."""
        return reached - begun

    def account(self, records: Sequence[TrialRecord]) -> str:
        """See Scheduler."""
        times = sum(len(record.exploits) for record in records)
        said = f"{counted(times, 'time')} a trial took over the weights of a better one"
        best = best_of(list(records))
        if best is None or not best.exploits:
            return said
        epochs = ", ".join(f"{each.epoch} (from trial {each.donor})" for each in best.exploits)
        return f"{said}; trial {best.number} did after epoch {epochs}"
