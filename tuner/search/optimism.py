"""How much too high the best validation score of many trials is, since it was chosen for being the highest."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.special import ndtr

from tuner.core.records import TrialRecord

ROUNDS = 4  # after which the estimate no longer changes in its second digit


def optimism(records: Sequence[TrialRecord], samples: int) -> float | None:
    """The part of the best trial's validation accuracy that is expected to be luck; None with fewer than two trials.

    None, too, where the trial was not chosen for its accuracy.

    A trial's score is its true accuracy plus the noise of a validation split of `samples`, whose standard deviation is
    sigma = sqrt(p (1 - p) / samples). If the true accuracies are normal too, with the scores' deviation S in all, then
    of a score that lies d above the mean the part sigma^2 / S^2 is noise on average (B. Efron, Tweedie's formula and
    selection bias, Journal of the American Statistical Association 106, 2011). The best of k scores lies S m(k) above
    the mean, where m(k) is the expected largest of k standard normal values. So the noise in it is

        sigma^2 / S * m(k),  and never more than sigma * m(k), when the trials do not differ at all.

    S is taken from the finished trials, k counts all that have a score. Two things are left out: trials that make the
    same mistakes share part of their noise, which makes the luck smaller, and each trial's epoch was chosen, too, which
    makes it larger.
    """
    able = [record for record in records if record.feasible]
    tried = [record.score for record in able]
    if len(tried) < 2 or not able[0].goal.by_accuracy:
        return None
    finished = [record.score for record in able if record.state == "COMPLETE"]
    spread = float(np.std(finished, ddof=1)) if len(finished) > 1 else 0.0
    luck, largest = 0.0, expected_largest(len(tried))
    for _ in range(ROUNDS):  # p is the best trial's true accuracy: its score without the luck
        share = (max(0.0, max(tried) - luck) * samples + 2) / (
            samples + 4
        )  # a score of 1 has noise, too (Agresti, Coull 1998)
        sigma = sqrt(share * (1 - share) / samples)
        luck = sigma * min(1.0, sigma / spread if spread else 1.0) * largest
    return luck


def expected_largest(count: int) -> float:
    """Of so many independent standard normal values: the integral of 1 - F^count above 0 less that of F^count below."""
    at = np.linspace(0, 12, 4001)
    return float(np.trapezoid(1 - ndtr(at) ** count - ndtr(-at) ** count, at))
