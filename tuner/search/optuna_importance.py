"""Parameter importance by Optuna's evaluators, on the trials' extrapolated scores.

fANOVA (Hutter, Hoos and Leyton-Brown 2014) explains the variance of the scores over the whole space, with a random
forest. PED-ANOVA (Watanabe, Bansal and Hutter 2023) compares where the best tenth of the trials lies with where all
lie: what matters for being among the best. Both need parameters that every trial has, and neither says how much of a
share is noise: see `importance` for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from optuna.trial import create_trial

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.core.units import counted
from tuner.search.comparable import final_scores
from tuner.search.importance import NotEnoughTrialsError
from tuner.search.refit import fitting
from tuner.search.scales import Scale, scales
from tuner.search.space_file import space_of
from tuner.search.study_reader import quiet_optuna

Floats = NDArray[np.float64]
LEAST_TRIALS = 10
SEEDS = 5  # of the random forest
TREES = 64
MOST_IN_FOREST = 500
"""Trials that a forest is grown on: with 10,000 it would take minutes and gigabytes, and say the same."""


@dataclass(frozen=True, kw_only=True)
class EvaluatorShares:
    """The shares of one parameter; those of all sum to 1."""

    name: str
    fanova: float
    """The mean over SEEDS forests."""
    fanova_spread: float
    """The standard deviation over these."""
    ped_anova: float


@dataclass(frozen=True, kw_only=True)
class OptunaImportance:
    """What Optuna's evaluators say of a sweep."""

    parameters: tuple[EvaluatorShares, ...]
    """The largest by fANOVA first."""
    left_out: tuple[str, ...]
    """Parameters that vary, but that not all trials have."""
    trials: int
    """How many were compared."""
    in_forest: int
    """How many of them each forest of fANOVA was grown on, drawn at random, others for each seed."""


def optuna_importance(config: SweepConfig, records: Sequence[TrialRecord]) -> OptunaImportance:
    """Importance over the trials that have a score after the first rung.

    Raises:
        NotEnoughTrialsError: there are too few, no parameter can be compared, or all have the same score.
    """
    if config.scheduler == "pbt":
        raise NotEnoughTrialsError("the parameters changed in training")
    records = fitting(records, config)
    scores = final_scores(config, records)[:, 0]
    able = [record for record in records if not np.isnan(scores[record.number])]
    if len(able) < LEAST_TRIALS:
        raise NotEnoughTrialsError(
            f"{counted(len(able), 'trial')} reached the first rung, but at least {LEAST_TRIALS} are needed"
        )
    found = scales(space_of(config))
    common = [each for each in found if all(each.name in record.parameters for record in able)]
    varying = [each for each in common if len({record.parameters[each.name] for record in able}) > 1]
    if not varying:
        raise NotEnoughTrialsError("no parameter that all trials have varies")
    if np.ptp([scores[record.number] for record in able]) == 0:
        raise NotEnoughTrialsError(f"all {len(able)} trials have the same score")
    forests = [_forest(varying, able, scores, seed) for seed in range(SEEDS)]
    study = _study(varying, able, scores)
    with quiet_optuna():
        ped = PedAnovaImportanceEvaluator().evaluate(study)
    shares = []
    for each in varying:
        by_forest = [_share(forest, each.name) for forest in forests]
        shares.append(
            EvaluatorShares(
                name=each.name,
                fanova=float(np.mean(by_forest)),
                fanova_spread=float(np.std(by_forest)),
                ped_anova=_share(ped, each.name),
            )
        )
    return OptunaImportance(
        parameters=tuple(sorted(shares, key=lambda each: -each.fanova)),
        left_out=tuple(each.name for each in found if each not in common),
        trials=len(able),
        in_forest=min(len(able), MOST_IN_FOREST),
    )


def _forest(varying: Sequence[Scale], able: Sequence[TrialRecord], scores: Floats, seed: int) -> dict[str, float]:
    """What one forest of fANOVA says."""
    drawn = able
    if len(able) > MOST_IN_FOREST:
        chosen = np.random.default_rng(seed).choice(len(able), MOST_IN_FOREST, replace=False)
        drawn = [able[index] for index in sorted(chosen)]
    study = _study(varying, drawn, scores)
    with quiet_optuna():
        return FanovaImportanceEvaluator(n_trees=TREES, seed=seed).evaluate(study)


def _study(varying: Sequence[Scale], records: Sequence[TrialRecord], scores: Floats) -> optuna.Study:
    """A study in memory. Alternatives of a parameter, such as sgd's lr and adam's, are one parameter.

    `scores` are those of all trials, (trials,), by their numbers.
    """
    kinds: dict[str, BaseDistribution] = {
        each.name: CategoricalDistribution(each.choices) if each.choices else FloatDistribution(0, 1)
        for each in varying
    }
    with quiet_optuna():
        study = optuna.create_study(direction="maximize")
        for record in records:
            values = {each.name: record.parameters[each.name] for each in varying}
            places = {
                each.name: values[each.name] if each.choices else min(1.0, max(0.0, each.place(values[each.name])))
                for each in varying
            }
            study.add_trial(create_trial(params=places, distributions=kinds, value=float(scores[record.number])))
    return study


def _share(importance: dict[str, float], name: str) -> float:
    """One share of all; evaluators give them in no common unit."""
    total = sum(importance.values())
    return float(importance[name] / total) if total > 0 else 0.0
