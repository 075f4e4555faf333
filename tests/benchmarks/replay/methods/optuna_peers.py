"""Optuna's samplers and pruners, by its ask and tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner, WilcoxonPruner
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, RandomSampler, TPESampler

from replay.methods.base import Board, Incumbent, Kind, Maker, Method, Search
from replay.surrogate import Curve
from replay.tables import Parameters
from tuner.search.study_reader import quiet_optuna

Samplers = Callable[[int], BaseSampler]
Pruners = Callable[[Search], BasePruner]

NAME = "search"  # Hyperband draws brackets by it


class Asked:
    """See Method."""

    def __init__(self, search: Search, sampler: BaseSampler, pruner: BasePruner) -> None:
        self._search = search
        self._study = optuna.create_study(study_name=NAME, direction="maximize", sampler=sampler, pruner=pruner)
        if search.default_first:
            self._study.enqueue_trial(search.default_labels)
        self._trials: dict[int, optuna.Trial] = {}
        self._board = Board()

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method."""
        if len(self._trials) >= self._search.most_trials:
            return None
        trial = self._study.ask()
        self._trials[trial.number] = trial
        return trial.number, self._search.space(trial)

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """See Method."""
        self._board.note(number, epoch, curve)
        trial, score = self._trials[number], curve.accuracy[epoch - 1]
        trial.report(score, epoch)
        if epoch >= self._search.epochs:
            self._study.tell(trial, score)
            return False
        if trial.should_prune():
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return False
        return True

    def best(self) -> Incumbent | None:
        """See Method."""
        return self._board.best()


def asked(sampler: Samplers, pruner: Pruners) -> Maker:
    """A method of this sampler and this pruner."""

    @contextmanager
    def make(search: Search) -> Iterator[Method]:
        with quiet_optuna():
            yield Asked(search, sampler(search.seed), pruner(search))

    return make


def random(seed: int) -> BaseSampler:
    """Points that know nothing of each other."""
    return RandomSampler(seed=seed)


def tpe(seed: int) -> BaseSampler:
    """As the project's own TPE is set."""
    return TPESampler(seed=seed, multivariate=True, group=True)


def whole(_: Search) -> BasePruner:
    """Every trial is trained to its end."""
    return NopPruner()


def halving(search: Search) -> BasePruner:
    """Rungs at a ninth and a third of the epochs, as the project has had them."""
    return SuccessiveHalvingPruner(min_resource=max(1, round(search.epochs / 9)), reduction_factor=3)


def hyperband(search: Search) -> BasePruner:
    """Brackets from a first rung at epoch 1."""
    return HyperbandPruner(min_resource=1, max_resource=search.epochs, reduction_factor=3)


def median(search: Search) -> BasePruner:
    """Optuna's default, which spares the first ninth of the epochs."""
    return MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, round(search.epochs / 9)))


METHODS = {
    "random": Kind(make=asked(random, whole)),
    "optuna": Kind(make=asked(tpe, whole)),
    "optuna+sha": Kind(make=asked(tpe, halving)),
    "optuna+hyperband": Kind(make=asked(tpe, hyperband)),
    "optuna+median": Kind(make=asked(tpe, median)),
    "optuna+wilcoxon": Kind(make=asked(tpe, lambda _: WilcoxonPruner(p_threshold=0.1))),
    "gp+sha": Kind(make=asked(lambda seed: GPSampler(seed=seed), halving)),
    "cmaes+sha": Kind(make=asked(lambda seed: CmaEsSampler(seed=seed), halving), needs="cmaes"),
}
