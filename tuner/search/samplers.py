"""How parameters are drawn: TPE, and the study as TPE sees it."""

from __future__ import annotations

import copy
from collections.abc import Container

import optuna
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from tuner.search.study_reader import quiet_optuna

MEMORY = "memory"  # the constraint that a trial violates when it runs out of memory


class StudyForSampler(optuna.Study):
    """The study as its sampler sees it: a trial that still runs or waits counts with the scores that it has reported.

    Otherwise Optuna's constant liar would treat a trial that waits for promotion, or leads, as a bad one. A failed
    trial is ignored, unless a constraint says that its parameters were the reason: TPE avoids infeasible points.
    """

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        trials = super()._get_trials(deepcopy, None, use_cache)
        seen = [_as_pruned(trial) if _counts(trial) else trial for trial in trials]
        return [trial for trial in seen if states is None or trial.state in states]


def _counts(trial: FrozenTrial) -> bool:
    infeasible = trial.state == TrialState.FAIL and MEMORY in trial.constraints
    return infeasible or (trial.state == TrialState.RUNNING and bool(trial.intermediate_values))


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    seen = copy.copy(trial)
    seen.state = TrialState.PRUNED
    return seen


def make_sampler(seed: int, startup: int) -> TPESampler:
    """A new sampler for each trial: with one for all, a resumed sweep would sample its first trials again."""
    with quiet_optuna():
        return TPESampler(seed=seed, n_startup_trials=startup, multivariate=True, group=True)
