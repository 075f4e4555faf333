"""Trials of an earlier search space as the samplers see them: with the names and ranges of the present one."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, create_trial

from tuner.core.config import SweepConfig
from tuner.core.earlier import default_values, first_of_length, first_trial
from tuner.core.errors import TunerError
from tuner.core.records import TrialRecord, Value
from tuner.search.refit import refit
from tuner.search.samplers.distributions import distributions
from tuner.search.space import SearchSpace
from tuner.search.space_file import space_of
from tuner.search.start_points import values_to_draw

_OF_SAMPLERS = ("cma:", "tpe:", "gp:")  # what samplers keep with a trial: it is about the names and ranges of then


def count_tried(config: SweepConfig, records: Sequence[TrialRecord]) -> int:
    """How many points of the space that a sweep has now its trials have had, of those that train for as many epochs."""
    space = space_of(config)
    refitted = RefittedTrials(space, first_trial(config), default_values(config))
    points = (refitted.fitted(record.parameters) for record in records[first_of_length(config) :])
    return len({space.key(point) for point in points if point is not None})


class RefittedTrials:
    """The trials of a sweep whose search space was changed. Which of them lie in it never changes."""

    def __init__(self, space: SearchSpace, first: int, defaults: Mapping[str, Value]) -> None:
        """`first` is the number of the first trial drawn from `space`; for `defaults` see `refit`."""
        self._space = space
        self.first = first
        """The number of the first trial that was drawn from the present space."""
        self._defaults = defaults
        self._distributions = distributions(space.parameters)
        self._known: dict[int, dict[str, Value] | None] = {}

    def drawn(self, parameters: Mapping[str, Value]) -> dict[str, Value] | None:
        """What the space would have drawn for a trial, by the names in the study; None if it does not lie in it."""
        fitted = self.fitted(parameters)
        return None if fitted is None else values_to_draw(fitted, self._space)

    def fitted(self, parameters: Mapping[str, Value]) -> dict[str, Value] | None:
        """The parameters of a trial as the space would have them; None if it does not lie in it."""
        try:
            return refit(parameters, self._space, self._defaults)
        except TunerError:
            return None

    def of(self, trial: FrozenTrial) -> FrozenTrial | None:
        """The trial in the present space; None if it does not lie in it."""
        if trial.number >= self.first:
            return trial
        if trial.number not in self._known:
            self._known[trial.number] = self.drawn(trial.user_attrs.get("parameters", {}))
        values = self._known[trial.number]
        return None if values is None else self._replaced(trial, values)

    def key(self, parameters: Mapping[str, Value]) -> Hashable | None:
        """What is equal for two trials of the same point; None for one that does not lie in the space."""
        drawn = self.drawn(parameters)
        return None if drawn is None else frozenset(drawn.items())

    def warm(self, points: Sequence[Mapping[str, Value]]) -> list[FrozenTrial | None]:
        """Trials of an earlier sweep with these parameters, complete; None for each that does not lie in the space.

        They come before all others, as if they had been the first. Their numbers lie between -1 and 0, since some
        samplers of Optuna look at no trial with a lower one.
        """
        drawn = [self.drawn(point) for point in points]
        places = (-1 + (n + 1) / (len(drawn) + 1) for n in range(len(drawn)))
        return [None if values is None else self._made(values, n) for values, n in zip(drawn, places, strict=True)]

    def _made(self, values: dict[str, Any], number: float) -> FrozenTrial:
        made = create_trial(params=values, distributions=self.distributions_of(values), value=0.0)
        made.number = number  # type: ignore[assignment]
        return made

    def _replaced(self, trial: FrozenTrial, values: dict[str, Any]) -> FrozenTrial:
        seen = copy.copy(trial)
        seen.params = values
        seen.distributions = self.distributions_of(values)
        seen.system_attrs = {k: v for k, v in trial.system_attrs.items() if not k.startswith(_OF_SAMPLERS)}
        return seen

    def distributions_of(self, values: Mapping[str, Value]) -> dict[str, BaseDistribution]:
        """What these values, by their names in the study, are drawn from."""
        return {label: self._distributions[label] for label in values}
