"""How much too high the best validation score of many trials is, since it was chosen for being the highest."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.search.comparable import final_scores
from tuner.search.schedulers import make_scheduler

APART = 0.4
"""Only one of two models is right for this share of the samples of which that would be so if they were independent:
measured on trainings of the same task, see docs/search.md."""
ROUNDS = 4  # after which the estimate no longer changes in its second digit
FAR = 7.0  # standard deviations
POINTS = 1500


def optimism(config: SweepConfig, records: Sequence[TrialRecord], samples: int) -> float | None:
    """The part of the best trial's validation accuracy that is expected to be luck; None where that cannot be known.

    That is so where it was not chosen for its accuracy, and where no other trial came as far: one that was stopped
    early was never near to be chosen for the noise of its last score.

    All trials have the same validation split of `samples`. What is noise for all of them alike chooses none, and is no
    part of this. Of the variance p (1 - p) / samples of an accuracy p the part APART is its own. The trials that could
    be chosen are those that have reached the last rung, each with its score extrapolated to the last epoch. If these
    were their true accuracies, and each got such noise again, the noise of the one that comes out best would be on
    average what `luck_of_best` says (a parametric bootstrap).
    """
    able = [record for record in records if record.feasible]
    if len(able) < 2 or not able[0].goal.by_accuracy:
        return None
    far = max(make_scheduler(config).rungs(), default=config.epochs)
    finals = final_scores(config, records)[:, 0]
    scores = {r.number: finals[r.number] for r in able if r.state == "COMPLETE" or r.epoch >= far}
    best = max(able, key=lambda record: record.score)
    known = [score for score in scores.values() if not np.isnan(score)]
    if best.number not in scores or len(known) < 2:
        return None
    luck = 0.0
    for _ in range(ROUNDS):  # p is the best trial's true accuracy: its score without the luck
        right = max(0.0, best.score - luck) * samples
        share = (right + 2) / (samples + 4)  # a score of 1 has noise, too (Agresti, Coull 1998)
        luck = luck_of_best(known, sqrt(APART * share * (1 - share) / samples))
    return luck


def luck_of_best(means: ArrayLike, deviation: float) -> float:
    """Normal values with these means and this deviation are drawn: by how much the largest is above its own mean.

    For equal means it is the deviation times the expected largest of so many standard normal values.

    >>> round(luck_of_best([0.5, 0.5], 1.0), 4), round(luck_of_best([0.0, 9.0], 1.0), 4)
    (0.5642, 0.0)
    """
    means = np.asarray(means, dtype=np.float64)
    at = np.linspace(means.max() - FAR * deviation, means.max() + FAR * deviation, POINTS)[:, None]
    apart = (at - means) / deviation
    below = np.maximum(ndtr(apart), 1e-300)
    others = np.exp(np.log(below).sum(axis=1, keepdims=True)) / below  # the chance that all others are lower
    density = np.exp(-np.square(apart) / 2) / (deviation * sqrt(2 * np.pi))
    return max(0.0, float(np.trapezoid(((at - means) * density * others).sum(axis=1), at[:, 0])))
