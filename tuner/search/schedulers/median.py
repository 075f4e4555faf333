"""The median stopping rule (Golovin et al. 2017, "Google Vizier", section 3.2.2).

After a period of grace, a trial that does worse than the median of the others after as many epochs ends. Of each trial
counts how good it was until then, and not (as there) the mean of its scores. It is looked at every ninth of the epochs.
"""

from __future__ import annotations

from dataclasses import dataclass

from tuner.search.schedulers.base import evenly_spaced
from tuner.search.schedulers.stopping_rule import StoppingRule

CHECKS = 9  # the first after a ninth of the epochs: the grace period
LEAST_OTHERS = 5  # as in Optuna's MedianPruner: of fewer a median says little


@dataclass(frozen=True, kw_only=True)
class MedianStopping(StoppingRule):
    """See above, and StoppingRule."""

    epochs: int
    """The most epochs of a trial."""

    rule = "only trials that are not below the median so far continue"

    def rungs(self) -> tuple[int, ...]:
        """See Scheduler."""
        return evenly_spaced(self.epochs, CHECKS)

    def most(self, count: int) -> int:
        """See StoppingRule: those of which no more than half of the others are better."""
        others = count - 1
        return count if others < LEAST_OTHERS else others // 2 + 1

    def passed(self, reached: float) -> float:
        """About how many of so many trials pass.

        Measured over searches of 8 to 200 trials in a random order, in which all epochs are right within a ninth.
        (Half of the trials pass the first time, and most of these every time: they are compared with the others that
        passed.)
        """
        return min(reached, 0.7 * reached + 2)
