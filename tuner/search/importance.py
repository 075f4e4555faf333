"""Which hyperparameters mattered, and which of them cannot be told from noise.

Trials are put in order by their scores at the first rung: all that reached it had trained for as many epochs, so
their scores can be compared. (Final scores cannot, since good trials train for longer.) A parameter's share
is what it alone explains of the variance of the trials' places in that order; places, not scores, so that a few trials
that did not learn at all do not hide everything else.

By chance alone a parameter explains something too: much of few trials, little of many. So the scores are also shuffled
among the trials, again and again, and what a parameter explains then is its noise. The noise of each parameter is set
so that in 95 of 100 sweeps without any effect not one parameter is above it (Westfall & Young 1993, min P).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tuner.core.records import TrialRecord
from tuner.core.target_kind import CLASSES
from tuner.core.units import counted
from tuner.search.effects import Effect, Floats, direction, find_effect
from tuner.search.scales import scales
from tuner.search.space import SearchSpace

LEAST_TRIALS = 5
SHUFFLES = 1000
CONFIDENCE = 0.95
GROUPS = 50  # at most, of trials that are left out in turn
SEED = 0
ROUNDING = 1e-9  # of a share: with few trials some of the shuffles are the order itself
_AT_A_TIME = 250  # shuffles


class NotEnoughTrialsError(ValueError):
    """Why the importance cannot be computed, in one line."""


@dataclass(frozen=True, kw_only=True)
class ParameterImportance:
    """How much one parameter alone explains."""

    name: str
    share: float
    """Of the variance of the trials' places in the order of their scores, 0 to 1."""
    error: float
    """The standard error of `share`, by leaving out some of the trials in turn (jackknife)."""
    noise: float
    """What chance alone explains: a share up to this says nothing."""
    trials: int
    """Those that have it."""
    direction: str
    """Which values are better, such as `lower is better`; empty if the share may be noise."""

    @property
    def clear(self) -> bool:
        """Whether it explains more than chance."""
        return self.share > self.noise + ROUNDING


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much each parameter explains."""

    parameters: tuple[ParameterImportance, ...]
    """Those above the noise first, each group by its share."""
    unknown: dict[str, int]
    """Parameters that too few trials have, and how many do."""
    epoch: int
    """The epoch after which the scores were compared."""
    early: bool
    """Whether trials train for longer than that."""
    trials: int
    """How many trials were compared."""
    by: str = CLASSES.val_score
    """What their order goes by: the first objective, or `val_loss` where it has the same value in all."""
    score: str = CLASSES.val_score
    """The first objective."""


def comparable(records: Sequence[TrialRecord], epochs: int, rungs: Sequence[int]) -> tuple[int, list[TrialRecord]]:
    """The first rung of a sweep of at most `epochs` epochs, or their end, and the trials that have reached it."""
    epoch = next(iter(rungs), epochs)
    return epoch, [record for record in records if epoch in record.values]


def importance(records: Sequence[TrialRecord], space: SearchSpace, epochs: int, rungs: Sequence[int]) -> Importance:
    """Parameter importance over the trials that reached the first of the rungs of a sweep of at most `epochs` epochs.

    Raises:
        NotEnoughTrialsError: there are too few trials, or nothing varies.
    """
    epoch, reached = comparable(records, epochs, rungs)
    if len(reached) < LEAST_TRIALS:
        raise NotEnoughTrialsError(
            f"{counted(len(reached), 'trial')} reached epoch {epoch}, but at least {LEAST_TRIALS} are needed"
        )
    names = [scale.name for scale in scales(space)]
    found = [find_effect(name, reached, space) for name in names]
    effects = [effect for effect in found if effect is not None and len(effect.rows) >= LEAST_TRIALS]
    if not effects:
        raise NotEnoughTrialsError("no parameter varies in enough trials")
    ranks = {record.rank(epoch) for record in reached}
    if len(ranks) == 1:
        raise NotEnoughTrialsError(f"all {len(reached)} trials had the same score after epoch {epoch}")
    shares = _with_noise(effects, _places(reached, epoch))
    told, score = {effect.name for effect in effects}, reached[0].goal.first.name
    return Importance(
        parameters=tuple(sorted(shares, key=lambda each: (not each.clear, -each.share))),
        unknown={name: sum(name in record.parameters for record in reached) for name in names if name not in told},
        epoch=epoch,
        early=epoch < epochs,
        trials=len(reached),
        by=score if len({rank.gains for rank in ranks}) > 1 else "val_loss",
        score=score,
    )


def _places(records: Sequence[TrialRecord], epoch: int) -> Floats:
    """(trials,) the places in the order of the scores, the best highest, with a mean of 0. Equals share a place."""
    order = {rank: place for place, rank in enumerate(sorted({record.rank(epoch) for record in records}))}
    from scipy.stats import rankdata  # noqa: PLC0415 - takes a second, and a search needs it at its end

    places = rankdata([order[record.rank(epoch)] for record in records])
    return np.asarray(places - places.mean())


def _with_noise(effects: Sequence[Effect], places: Floats) -> list[ParameterImportance]:
    shares = np.array([effect.shares(places[:, None])[0] for effect in effects])
    noise = _noise(_shuffled(effects, places))
    return [
        ParameterImportance(
            name=effect.name,
            share=float(share),
            error=_error(effect, places),
            noise=float(bound),
            trials=len(effect.rows),
            direction=direction(effect, places) if share > bound + ROUNDING else "",
        )
        for effect, share, bound in zip(effects, shares, noise, strict=True)
    ]


def _shuffled(effects: Sequence[Effect], places: Floats) -> Floats:
    """(parameters, SHUFFLES) the shares when the scores are shuffled."""
    generator = np.random.default_rng(SEED)
    parts = []
    for _ in range(SHUFFLES // _AT_A_TIME):
        scores = np.stack([generator.permutation(places) for _ in range(_AT_A_TIME)], axis=1)
        parts.append(np.stack([effect.shares(scores) for effect in effects]))
    return np.concatenate(parts, axis=1)


def _noise(shares: Floats) -> Floats:
    """(parameters,) bounds from (parameters, shuffles) shares: all at once hold in CONFIDENCE of the shuffles.

    The bounds lie equally far out in each parameter's own distribution, since a conditional parameter, which fewer
    trials have, and a choice among many explain more by chance than others do.
    """
    from scipy.stats import rankdata  # noqa: PLC0415

    count = shares.shape[1]
    beyond = np.stack([count + 1 - rankdata(row, method="min") for row in shares])  # how many are at least as large
    kept = np.sort(beyond.min(0))[int((1 - CONFIDENCE) * count)]
    largest_first = -np.sort(-shares, axis=1)
    return np.asarray(largest_first[:, max(0, int(kept) - 1)])


def _error(effect: Effect, places: Floats) -> float:
    """The standard error of a share: the jackknife over at most GROUPS groups of trials."""
    count = len(effect.rows)
    groups = min(GROUPS, count)
    scores = places[effect.rows]
    both = np.concatenate([effect.groups, effect.columns], axis=1)
    found = []
    for group in range(groups):
        kept = np.arange(count) % groups != group
        rest, without = (_unexplained(basis[kept], scores[kept]) for basis in (both, effect.groups))
        found.append(1 - rest / without if without > 0 else 0.0)
    return float(np.sqrt((groups - 1) / groups * ((np.array(found) - np.mean(found)) ** 2).sum()))


def _unexplained(basis: Floats, scores: Floats) -> float:
    """The sum of squares of what the columns leave of the scores."""
    solution = np.linalg.lstsq(basis, scores, rcond=None)[0]
    return float(((scores - basis @ solution) ** 2).sum())
