"""Ray Tune's OptunaSearch and AsyncHyperBandScheduler, called as its controller calls them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from replay.methods.base import Board, Incumbent, Kind, Maker, Method, Search
from replay.surrogate import Curve
from replay.tables import Parameters
from tuner.core.target_kind import CLASSES
from tuner.search.study_reader import quiet_optuna


class RayTune:
    """See Method. Ray itself does not run."""

    def __init__(self, search: Search, searcher: Any, scheduler: Any) -> None:
        self._search, self._searcher, self._scheduler = search, searcher, scheduler
        self._trials: list[Any] = []
        self._board = Board()

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method."""
        number = len(self._trials)
        if number >= self._search.most_trials:
            return None
        trial = SimpleNamespace(trial_id=f"{number:05}", config=self._searcher.suggest(f"{number:05}"))
        self._scheduler.on_trial_add(None, trial)
        self._trials.append(trial)
        names = {each.name for each in self._search.space.parameters}
        return number, {name: value for name, value in trial.config.items() if name in names}

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """See Method; the order of the calls is that of `TuneController._process_trial_result`."""
        self._board.note(number, epoch, curve)
        trial = self._trials[number]
        result = {"training_iteration": epoch, CLASSES.val_score: curve.accuracy[epoch - 1]}
        if self._scheduler.on_trial_result(None, trial, result) != "STOP":
            self._searcher.on_trial_result(trial.trial_id, result)
            if epoch < self._search.epochs:
                return True
        self._scheduler.on_trial_complete(None, trial, result)
        self._searcher.on_trial_complete(trial.trial_id, result)
        return False

    def best(self) -> Incumbent | None:
        """See Method."""
        return self._board.best()


def ray_tune(grace_period: int, reduction_factor: int) -> Maker:
    """With the first rung at `grace_period`."""

    @contextmanager
    def make(search: Search) -> Iterator[Method]:
        from ray.tune.schedulers import AsyncHyperBandScheduler
        from ray.tune.search.optuna import OptunaSearch

        with quiet_optuna(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Define-by-run function", UserWarning)  # of slow ones, on a busy machine
            searcher = OptunaSearch(
                search.space,
                metric=CLASSES.val_score,
                mode="max",
                seed=search.seed,
                points_to_evaluate=[search.default_labels] if search.default_first else None,
            )
            scheduler = AsyncHyperBandScheduler(
                metric=CLASSES.val_score,
                mode="max",
                max_t=search.epochs,
                grace_period=min(grace_period, search.epochs),
                reduction_factor=reduction_factor,
            )
            yield RayTune(search, searcher, scheduler)

    return make


METHODS = {
    "ray": Kind(make=ray_tune(3, 3), needs="ray.tune"),
    "ray-1": Kind(make=ray_tune(1, 3), needs="ray.tune"),
    "ray-defaults": Kind(make=ray_tune(1, 4), needs="ray.tune"),
}
