"""NePS's PriorBand (Mallik et al. 2023), by ask and tell, with the default configuration as its prior."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from replay.methods.base import Board, Incumbent, Kind, Method, Search
from replay.methods.flat import flat_default, parameters_of, varying
from replay.surrogate import Curve
from replay.tables import Parameters
from tuner.core.records import Value
from tuner.search.space import Parameter

EPOCHS = "epochs"  # no parameter of a search space is called that


class Neps:
    """See Method. A trial that is promoted goes on from its checkpoint."""

    def __init__(self, search: Search, asked: Any) -> None:
        self._search, self._asked = search, asked
        self._numbers: dict[str, int] = {}
        self._running: dict[int, Any] = {}
        self._board = Board()

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method."""
        if len(self._numbers) >= self._search.most_trials:
            return None
        trial = self._asked.ask()
        number = self._numbers.setdefault(trial.id.partition("_")[0], len(self._numbers))
        self._running[number] = trial
        return number, parameters_of(self._search.space, trial.config)

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """See Method."""
        self._board.note(number, epoch, curve)
        trial = self._running[number]
        if epoch < trial.config[EPOCHS]:
            return True
        self._asked.tell(trial, 1 - curve.accuracy[epoch - 1])
        return False

    def best(self) -> Incumbent | None:
        """See Method."""
        return self._board.best()


@contextmanager
def priorband(search: Search) -> Iterator[Method]:
    """With its default rungs: 1, 3, 9 and so on, in the brackets of Hyperband."""
    from neps.optimizers import algorithms
    from neps.optimizers.ask_and_tell import AskAndTell
    from neps.space import HPOInteger, SearchSpace

    logging.getLogger("neps").setLevel(logging.ERROR)
    random.seed(search.seed)
    np.random.seed(search.seed)
    torch.manual_seed(search.seed)
    priors = flat_default(search) if search.default_first else {}
    entries = {each.label: _entry(each, priors.get(each.label)) for each in varying(search.space)}
    space = SearchSpace({**entries, EPOCHS: HPOInteger(1, search.epochs, is_fidelity=True)})
    first = "highest_fidelity" if search.default_first else False
    yield Neps(search, AskAndTell(algorithms.priorband(space, sample_prior_first=first)))


def _entry(parameter: Parameter, prior: Value | None) -> Any:
    from neps.space import HPOCategorical, HPOFloat, HPOInteger

    if parameter.choices:
        return HPOCategorical(list(parameter.choices), prior=prior, prior_confidence="medium")
    kind = HPOInteger if isinstance(parameter.low, int) else HPOFloat
    return kind(parameter.low, parameter.high, log=parameter.log, prior=prior, prior_confidence="medium")


METHODS = {"priorband": Kind(make=priorband, needs="neps")}
