"""Which hyperparameters mattered: fANOVA (Hutter, Hoos & Leyton-Brown 2014) of the scores at ASHA's first rung.

All trials that reached the rung had trained for as many epochs, so their scores can be compared; final scores cannot,
since ASHA lets good trials train for longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from tuner.core.errors import one_line
from tuner.core.records import TrialRecord, Value
from tuner.search.scales import Scale, scales
from tuner.search.schedulers.asha import rungs
from tuner.search.space import SearchSpace

LEAST_TRIALS = 5
SEED = 0


class NotEnoughTrialsError(ValueError):
    """Why the importance cannot be computed, in one line."""


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much of the variance of the score each parameter alone explains."""

    shares: dict[str, float]
    """By parameter, the most important first; they sum to 1."""
    left_out: tuple[str, ...]
    """Parameters that some of the trials do not have, since they depend on another one."""
    epoch: int
    """The epoch after which the scores were compared."""
    trials: int
    """How many trials were compared."""


def importance(records: Sequence[TrialRecord], space: SearchSpace, epochs: int) -> Importance:
    """Parameter importance over the trials that reached the first rung of a sweep of at most `epochs` epochs.

    Ranges are compared on the scale on which they are sampled; alternatives of one parameter count as one.

    Raises:
        NotEnoughTrialsError: there are too few trials, or nothing varies.
    """
    epoch = next(iter(rungs(epochs)), epochs)
    reached = [record for record in records if epoch in record.values]
    if len(reached) < LEAST_TRIALS:
        trials = "trial" if len(reached) == 1 else "trials"
        raise NotEnoughTrialsError(
            f"{len(reached)} {trials} reached epoch {epoch}, but at least {LEAST_TRIALS} are needed"
        )
    varying = scales(space)
    common = [scale for scale in varying if all(scale.name in record.parameters for record in reached)]
    if not common:
        raise NotEnoughTrialsError("no parameter varies in all trials")
    if len({record.values[epoch] for record in reached}) == 1:
        raise NotEnoughTrialsError(f"all {len(reached)} trials had the same score after epoch {epoch}")
    return Importance(
        shares=_shares(reached, common, epoch),
        left_out=tuple(scale.name for scale in varying if scale not in common),
        epoch=epoch,
        trials=len(reached),
    )


def _shares(records: Sequence[TrialRecord], common: Sequence[Scale], epoch: int) -> dict[str, float]:
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(direction="maximize")
        distributions = {scale.name: _distribution(scale) for scale in common}
        for record in records:
            parameters = {scale.name: _value(scale, record.parameters[scale.name]) for scale in common}
            trial = optuna.trial.create_trial(
                params=parameters, distributions=distributions, value=record.values[epoch]
            )
            study.add_trial(trial)
        return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=SEED))
    except RuntimeError as error:  # raised if trials hardly differ
        raise NotEnoughTrialsError(one_line(error)) from None
    finally:
        optuna.logging.set_verbosity(verbosity)


def _distribution(scale: Scale) -> BaseDistribution:
    if scale.choices:
        return CategoricalDistribution(scale.choices)
    return FloatDistribution(scale.measure(scale.low), scale.measure(scale.high))


def _value(scale: Scale, value: Value) -> Value:
    return value if scale.choices else scale.measure(value)
