"""One comparable number for each trial: its score, extrapolated to the last epoch.

Trials are stopped after different epochs, and a score after 3 epochs cannot be compared with one after 27. So between
two rungs a line is fitted through the trials that reached both. A trial that stopped at the lower one gets the score
that the line gives it at the upper one, and so on to the last epoch. With few such trials the line is drawn towards one
that leaves the differences between trials as they are (a shrunk slope).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tuner.core.config import SweepConfig
from tuner.core.records import Rank, TrialRecord
from tuner.search.schedulers import make_scheduler

PRIOR = 3.0  # how many trials the slope of 1 counts for, each as far from the mean as a trial typically is
FLATTEST = 0.05  # a flat line would make trials equal that are not
FINE = 1e-9  # the most that a loss adds to an accuracy: less than one sample of any validation set that fits a machine
Floats = NDArray[np.float64]


class ScoreTable:
    """The scores of all trials at the epochs after which trials are compared."""

    def __init__(self, levels: Sequence[int]) -> None:
        """`levels` are those epochs, the lowest first: the rungs and the last epoch."""
        self._levels = tuple(levels)
        self._table = np.full((64, len(self._levels)), np.nan)  # a row a trial; it grows by doubling
        self._count = 0

    def note(self, record: TrialRecord) -> None:
        """Takes what a trial has reached. A failed trial has no scores."""
        number = record.number
        while number >= len(self._table):
            self._table = np.vstack([self._table, np.full_like(self._table, np.nan)])
        self._count = max(self._count, number + 1)
        if record.state == "FAIL":
            self._table[number] = np.nan
            return
        for column, level in enumerate(self._levels):
            if np.isnan(self._table[number, column]) and (rank := record.rank_until(level)):
                self._table[number, column] = fine_score(rank)

    def extrapolated(self) -> Floats:
        """(trials,) scores after the last level, see `extrapolate`."""
        return extrapolate(self._table[: self._count])


def extrapolated_scores(config: SweepConfig, records: Sequence[TrialRecord]) -> Floats:
    """(trials,) the scores of a sweep's trials after its last epoch, by their numbers; NaN for one that has none."""
    table = ScoreTable((*make_scheduler(config).rungs(), config.epochs))
    for record in records:
        table.note(record)
    return table.extrapolated()


def fine_score(rank: Rank) -> float:
    """The accuracy, and a little more the lower the loss is. Different accuracies are never reordered.

    >>> fine_score(Rank(0.5, -1.44)) > fine_score(Rank(0.5, -193.0)) > fine_score(Rank(0.499999, 0.0))
    True
    """
    return rank.score + FINE / (1 + max(0.0, -rank.minus_loss))


def extrapolate(table: Floats) -> Floats:
    """The scores of trials after the last level.

    Args:
        table: (trials, levels) scores; NaN where a trial has not reached a level.

    Returns:
        (trials,) the score after the last level: a trial's own where it reached that, else an extrapolated one; NaN for
        trials that have not reached the first level. Of trials that stopped at one level the order does not change.

    >>> nan = float("nan")
    >>> extrapolate(np.array([[0.5, 0.75], [0.6, 0.85], [0.2, nan], [nan, nan]])).round(3).tolist()
    [0.75, 0.85, 0.45, nan]
    """
    scores = table[:, 0].copy()
    for below, above in zip(table.T, table.T[1:], strict=False):
        offset, slope = _line(below, above)
        scores = np.where(np.isnan(above), offset + slope * scores, above)
    return scores


def _line(below: Floats, above: Floats) -> tuple[float, float]:
    """Offset and slope of the line from the scores at one level to those at the next."""
    both = ~np.isnan(below) & ~np.isnan(above)
    if not both.any():
        return 0.0, 1.0
    x, y = below[both], above[both]
    prior = PRIOR * float(np.nanvar(below))
    around = x - x.mean()
    squares = float(around @ around) + prior
    slope = max(FLATTEST, (float(around @ (y - y.mean())) + prior) / squares) if squares else 1.0
    return float(y.mean() - slope * x.mean()), slope
