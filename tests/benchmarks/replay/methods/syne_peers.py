"""Syne Tune's schedulers, called as its tuner calls them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np

from replay.methods.base import Board, Incumbent, Kind, Maker, Method, Search
from replay.methods.flat import flat_default, parameters_of, varying
from replay.surrogate import Curve
from replay.tables import Parameters
from tuner.core.target_kind import CLASSES
from tuner.search.space import Parameter


class SyneTune:
    """See Method."""

    def __init__(self, search: Search, scheduler: Any) -> None:
        self._search, self._scheduler = search, scheduler
        self._trials: list[Any] = []
        self._board = Board()

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method. None of these schedulers pauses a trial."""
        from syne_tune.backend.trial_status import Trial

        number = len(self._trials)
        suggestion = self._scheduler.suggest() if number < self._search.most_trials else None
        if suggestion is None:
            return None
        trial = Trial(number, suggestion.config, datetime.min)
        self._scheduler.on_trial_add(trial)
        self._trials.append(trial)
        return number, parameters_of(self._search.space, trial.config)

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """See Method."""
        self._board.note(number, epoch, curve)
        trial = self._trials[number]
        decision = self._scheduler.on_trial_result(
            trial, {"epoch": epoch, CLASSES.val_score: curve.accuracy[epoch - 1]}
        )
        if decision == "CONTINUE":
            return True
        self._scheduler.on_trial_remove(trial)
        return False

    def best(self) -> Incumbent | None:
        """See Method."""
        return self._board.best()


def syne_tune(name: str) -> Maker:
    """One of its `baselines`, with its default rungs: 1, 3, 9 and so on."""

    @contextmanager
    def make(search: Search) -> Iterator[Method]:
        from syne_tune.optimizer import baselines

        logging.getLogger("syne_tune").setLevel(logging.ERROR)
        np.random.seed(search.seed)  # some of them draw from numpy's own generator
        yield SyneTune(
            search,
            getattr(baselines, name)(
                {each.label: _domain(each) for each in varying(search.space)},
                metric=CLASSES.val_score,
                time_attr="epoch",
                max_t=search.epochs,
                do_minimize=False,
                random_seed=search.seed,
                points_to_evaluate=[flat_default(search)] if search.default_first else None,
            ),
        )

    return make


def _domain(parameter: Parameter) -> Any:
    from syne_tune import config_space

    if parameter.choices:
        return config_space.choice(list(parameter.choices))
    low, high, whole = parameter.low, parameter.high, isinstance(parameter.low, int)
    if parameter.step:
        return config_space.finrange(low, high, round((high - low) / parameter.step) + 1, cast_int=whole)
    if whole:
        return (config_space.lograndint if parameter.log else config_space.randint)(low, high)
    return (config_space.loguniform if parameter.log else config_space.uniform)(low, high)


NAMES = ("ASHA", "BOHB", "ASHABORE", "ASHACQR")  # the last one imports huggingface_hub as well
METHODS = {f"syne-{name.lower()}": Kind(make=syne_tune(name), needs="syne_tune") for name in NAMES}
