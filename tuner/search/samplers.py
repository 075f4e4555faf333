"""How parameters are drawn: TPE, and the study as TPE sees it.

TPE uses only the order of the scores. With a small validation set many accuracies are equal, so it is given a finer
score, which orders trials as everything else here does: by accuracy, then by loss. The study itself holds the accuracy.
"""

from __future__ import annotations

import copy
from collections.abc import Container

import optuna
from optuna.samplers import TPESampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from tuner.core.records import Rank
from tuner.search.study_reader import quiet_optuna, to_record

MEMORY = "memory"  # the constraint that a trial violates when it runs out of memory
FINE = 1e-9  # the most that a loss adds to an accuracy: less than one sample of any validation set that fits a machine


class StudyForSampler(optuna.Study):
    """The study as its sampler sees it: a trial that still runs or waits counts with the scores that it has reported.

    Otherwise Optuna's constant liar would treat a trial that waits for promotion, or leads, as a bad one. A failed
    trial is ignored, unless a constraint says that its parameters were the reason: TPE avoids infeasible points.
    Scores are `fine_score`s.
    """

    def __init__(self, name: str, storage: BaseStorage) -> None:
        super().__init__(name, storage)
        self._ended: dict[int, FrozenTrial] = {}  # they no longer change, so they are converted once

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        trials = super()._get_trials(deepcopy, None, use_cache)
        seen = [self._seen(trial) for trial in trials]
        return [trial for trial in seen if states is None or trial.state in states]

    def _seen(self, trial: FrozenTrial) -> FrozenTrial:
        known = self._ended.get(trial.number)
        if known is None:
            known = _as_seen(trial)
            if trial.state.is_finished():
                self._ended[trial.number] = known
        return known


def _counts(trial: FrozenTrial) -> bool:
    infeasible = trial.state == TrialState.FAIL and MEMORY in trial.constraints
    return infeasible or (trial.state == TrialState.RUNNING and bool(trial.intermediate_values))


def fine_score(rank: Rank) -> float:
    """The accuracy, and a little more the lower the loss is. Different accuracies are never reordered.

    >>> fine_score(Rank(0.5, -1.44)) > fine_score(Rank(0.5, -193.0)) > fine_score(Rank(0.499999, 0.0))
    True
    """
    return rank.score + FINE / (1 + max(0.0, -rank.minus_loss))


def _as_seen(trial: FrozenTrial) -> FrozenTrial:
    seen = copy.copy(trial)
    if _counts(trial):
        seen.state = TrialState.PRUNED
    if trial.intermediate_values:
        record = to_record(trial)
        if seen.state == TrialState.COMPLETE:
            seen.value = fine_score(record.best)
        seen.intermediate_values = {record.epoch: fine_score(record.rank(record.epoch))}  # TPE reads only the last one
    return seen


def make_sampler(seed: int, startup: int) -> TPESampler:
    """A new sampler for each trial: with one for all, a resumed sweep would sample its first trials again."""
    with quiet_optuna():
        return TPESampler(seed=seed, n_startup_trials=startup, multivariate=True, group=True)
