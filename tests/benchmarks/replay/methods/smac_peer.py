"""SMAC3's multi-fidelity search (random forest, Hyperband), by ask and tell. Trials go on from their checkpoints."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from replay.methods.base import Board, Incumbent, Kind, Method, Search
from replay.methods.flat import flat_default, parameters_of, varying
from replay.surrogate import Curve
from replay.tables import Parameters
from tuner.search.space import Parameter


class Smac:
    """See Method."""

    def __init__(self, search: Search, facade: Any) -> None:
        self._search, self._facade = search, facade
        self._numbers: dict[Any, int] = {}
        self._asked: dict[int, Any] = {}
        self._done: dict[int, int] = {}
        self._board = Board()

    def next_trial(self) -> tuple[int, Parameters] | None:
        """See Method."""
        if len(self._numbers) >= self._search.most_trials:
            return None
        info = self._facade.ask()
        number = self._numbers.setdefault(info.config, len(self._numbers))
        self._asked[number] = info
        return number, parameters_of(self._search.space, dict(info.config))

    def on_epoch(self, number: int, epoch: int, curve: Curve) -> bool:
        """See Method."""
        from smac.runhistory.dataclasses import TrialValue

        self._board.note(number, epoch, curve)
        info = self._asked[number]
        if epoch < round(info.budget):
            return True
        self._facade.tell(info, TrialValue(cost=1 - curve.accuracy[epoch - 1]))
        return False

    def best(self) -> Incumbent | None:
        """See Method."""
        return self._board.best()


@contextmanager
def smac(search: Search) -> Iterator[Method]:
    """With rungs at 1, 3, 9 and so on."""
    from ConfigSpace import Configuration, ConfigurationSpace
    from smac import MultiFidelityFacade, Scenario

    space = ConfigurationSpace(seed=search.seed)
    space.add([_hyperparameter(each) for each in varying(search.space)])
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            space,
            output_directory=Path(folder),
            deterministic=True,
            n_trials=10 * search.most_trials,
            min_budget=1,
            max_budget=search.epochs,
            seed=search.seed,
        )
        default = [Configuration(space, values=flat_default(search))] if search.default_first else []
        first = MultiFidelityFacade.get_initial_design(scenario, n_configs=5)
        points = [*default, *first.select_configurations()]
        first.select_configurations = lambda: points  # it would put the default last
        yield Smac(
            search,
            MultiFidelityFacade(scenario, _unused, initial_design=first, overwrite=True, logging_level=False),
        )


def _unused(config: Any, seed: int = 0, budget: float = 0) -> float:
    """What SMAC would call if it were not asked and told."""
    raise AssertionError


def _hyperparameter(parameter: Parameter) -> Any:
    from ConfigSpace import Categorical, Float, Integer

    if parameter.choices:
        return Categorical(parameter.label, list(parameter.choices))
    kind = Integer if isinstance(parameter.low, int) else Float
    return kind(parameter.label, (parameter.low, parameter.high), log=parameter.log)


METHODS = {"smac": Kind(make=smac, needs="smac")}
