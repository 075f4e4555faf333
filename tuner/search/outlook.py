"""What half as many trials again would probably bring, or as many as there are points left.

Trials are taken for draws from one distribution, whatever it is. Then each of n + m trials is as likely as the others
to be the best one, so that m more find a better one with the probability m / (n + m). The random points with which a
sampler that learns begins are left out of n.

How much better they are follows from the tail: above the k best scores it is taken for exponential. The mean of the
gaps there, each times its place, estimates its scale beta (A. Renyi, On the theory of order statistics, 1953). Both the
share of better points and beta are uncertain with few trials, and the limit of the gain allows for that: it is a
quantile of the predictive distribution. Accuracies have shorter tails. Were the tail exactly exponential, the limit
would hold in 84 of 100 searches rather than in 90: the gap of the best score, of which the chance of a better one
depends, is among those that tell the scale; without it the limit is wider than need be. How often all this holds is
measured by `tests/benchmarks/next_trials.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.stats import gamma

from tuner.core.config import SweepConfig
from tuner.core.outlook import Outlook
from tuner.core.records import TrialRecord, best_of
from tuner.search.comparable import final_scores
from tuner.search.extrapolation import Floats
from tuner.search.finite import untried
from tuner.search.refit import fitting
from tuner.search.samplers import LEARNING, random_start
from tuner.search.space_file import space_of

LEAST_TRIALS = 8
CONFIDENCE = 0.9
TOP = 1 / 8  # the share of the trials whose gaps tell the tail, and at least LEAST_TOP
LEAST_TOP = 3
_STEPS = (np.arange(200) + 0.5) / 200  # of the integrals over what is uncertain


def outlook_of(config: SweepConfig, records: Sequence[TrialRecord]) -> Outlook | None:
    """The outlook of a sweep by its score; None when nothing can be said.

    A grid has only so many points, and a population so many members: they have none. Neither has a sweep whose best
    trial does not lie in the search space that new trials are drawn from: nothing tells how near these come to it.
    """
    best, records = best_of(list(records)), fitting(records, config)
    if best is None or all(record.number != best.number for record in records):
        return None
    if not config.goal.by_score or config.sampler == "grid" or config.scheduler == "pbt":
        return None
    if config.goal.constraints and sum(record.feasible for record in records) < LEAST_TRIALS:
        return None  # the scores of the others say how far they violate a constraint
    scores = final_scores(config, records)[:, 0]
    scores, left = scores[~np.isnan(scores)], untried(space_of(config), (record.parameters for record in records))
    more = int(min(len(records) // 2, left))
    drawn = len(scores) - (random_start(config.trials) if config.sampler in LEARNING else 0)
    most = likely_most(scores, drawn, more)
    if most is None:
        return None
    return Outlook(
        trials=more,
        better=more / (drawn + more),
        most=min(most, 1 - best.score),
        confidence=CONFIDENCE,
        metric=config.goal.score,
    )


def likely_most(scores: Floats, drawn: int, more: int) -> float | None:
    """By how much so many more trials raise the best score at most, with a probability of CONFIDENCE.

    Args:
        scores: (trials,) final scores, or what they are expected to be.
        drawn: how many of them were drawn as those to come will be.
        more: how many trials are to come.

    Returns:
        At least 0. None with fewer than LEAST_TRIALS trials, or when the best of them have all the same score.
    """
    count = len(scores)
    if count < LEAST_TRIALS or drawn < 1 or more < 1:
        return None
    top = max(LEAST_TOP, round(TOP * count))
    ordered = np.sort(scores)[::-1]
    scale = float(ordered[:top].mean() - ordered[top])
    if scale <= 0:
        return None
    scales = top * scale / gamma.ppf(_STEPS, top)
    shares = 1 - (1 - _STEPS) ** (1 / drawn)  # of better points: quantiles of Beta(1, drawn)

    def lacking(gain: float) -> float:
        """How much of CONFIDENCE is lacking with a limit of this gain."""
        none_above = (1 - shares[:, None] * np.exp(-gain / scales)) ** more
        return float(none_above.mean()) - CONFIDENCE

    if lacking(0.0) >= 0:
        return 0.0
    far = scale
    while lacking(far) < 0:
        far *= 2
    return float(brentq(lacking, 0.0, far))
