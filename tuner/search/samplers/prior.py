"""First points near what a user believes to be good: PriorBand's mixture (Mallik et al. 2023, arXiv 2306.12370).

In place of its random points a sampler that learns gets a mixture of three:

- random, with the share 1 / (1 + 3^r), where r is the first rung at which the trial is compared: a half at the lowest;
- the prior: a normal distribution around each parameter's `prior`, on the scale of its range;
- the incumbent: the best point so far, some of its values moved.

The last two share the rest by how likely the best third of the trials are under each, the better ones more. So a wrong
prior loses its share as soon as other points are better, and the random part finds these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from tuner.core.records import Value
from tuner.search.samplers.draft import Draft
from tuner.search.space import Parameter

ETA = 3
SPREAD = 0.25  # of a range: the standard deviation around a prior and around the incumbent
MOVED = 0.5  # the share of the incumbent's values that are moved
SURE = 0.5  # the chance of the prior's choice; with the other half any choice is drawn


@dataclass(frozen=True)
class _Around:
    """A distribution of a point around `center`; None for a parameter that it does not have."""

    parameters: Mapping[str, Parameter]
    center: Mapping[str, Value]

    def draw(self, label: str, rng: np.random.Generator) -> Value | None:
        """A value of a parameter; None where any is as good."""
        if label not in self.center:
            return None
        parameter, center = self.parameters[label], self.center[label]
        if parameter.choices:
            return center if rng.random() < SURE else parameter.choices[int(rng.integers(len(parameter.choices)))]
        return parameter.at(_draw_near(parameter.place(center), rng))

    def density(self, values: Mapping[str, Value]) -> float:
        """How likely a point is, compared with a random one."""
        found = 1.0
        for label, value in values.items():
            if label in self.center:
                parameter, center = self.parameters[label], self.center[label]
                if parameter.choices:
                    found *= (1 - SURE) + SURE * len(parameter.choices) * (value == center)
                else:
                    found *= _density_near(parameter.place(center), parameter.place(value))
        return found


def _draw_near(center: float, rng: np.random.Generator) -> float:
    """From a normal distribution that is cut off at 0 and 1."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - takes a while, and most sweeps have no prior

    low, high = ndtr(-center / SPREAD), ndtr((1 - center) / SPREAD)
    return float(np.clip(center + SPREAD * ndtri(low + rng.random() * (high - low)), 0, 1))


def _density_near(center: float, place: float) -> float:
    """The density of that distribution."""
    from scipy.special import ndtr  # noqa: PLC0415

    inside = ndtr((1 - center) / SPREAD) - ndtr(-center / SPREAD)
    return float(math.exp(-(((place - center) / SPREAD) ** 2) / 2) / (math.sqrt(2 * math.pi) * SPREAD * inside))


class PriorSampler(BaseSampler):
    """Draws one trial: from the mixture while trials are few, else as the sampler within."""

    def __init__(self, within: BaseSampler, draft: Draft) -> None:
        self._within = within
        self._draft = draft
        self._rng = np.random.default_rng([draft.trial_seed, 1])
        self._parameters = {each.label: each for each in draft.parameters if len(each.choices) != 1}
        priors = {label: each.prior for label, each in self._parameters.items() if each.prior is not None}
        self._prior = _Around(self._parameters, priors)
        self._around: _Around | None = None  # what is drawn from; None for random points
        self._mixes = False

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Decides from what the trial is drawn."""
        self._within.before_trial(study, trial)
        seen = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        self._mixes = len(seen) < self._draft.startup
        self._around = self._chosen(seen) if self._mixes else None

    def _chosen(self, seen: Sequence[FrozenTrial]) -> _Around | None:
        best = sorted(seen, key=lambda each: -(each.value or 0.0))
        random_share = 1 / (1 + ETA**self._draft.skipped)
        if self._rng.random() < random_share:
            return None
        if len(best) < ETA:
            return self._prior
        incumbent = self._near(best[0].params)
        of_incumbent = self._likelihood(incumbent, best)
        of_prior = self._likelihood(self._prior, best)
        chance = of_incumbent / (of_incumbent + of_prior) if of_incumbent + of_prior > 0 else 0.5
        return incumbent if self._rng.random() < chance else self._prior

    def _near(self, values: Mapping[str, Value]) -> _Around:
        return _Around(self._parameters, {label: value for label, value in values.items() if label in self._parameters})

    def _likelihood(self, around: _Around, best: Sequence[FrozenTrial]) -> float:
        """Of the best third, the first of which weighs most."""
        top = best[: max(1, math.ceil(len(best) / ETA))]
        weights = range(len(top), 0, -1)
        return sum(weight * around.density(each.params) for weight, each in zip(weights, top, strict=True))

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What is drawn together: nothing while trials are few."""
        return {} if self._mixes else self._within.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See BaseSampler."""
        return {} if self._mixes else self._within.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """See BaseSampler."""
        if self._mixes and self._around is not None:
            center = self._around.center.get(param_name)
            keeps = self._around is not self._prior and self._rng.random() >= MOVED
            value = center if keeps else self._around.draw(param_name, self._rng)
            if value is not None:
                return value
        return self._within.sample_independent(study, trial, param_name, param_distribution)


def has_prior(parameters: Sequence[Parameter]) -> bool:
    """Whether a user believes anything of these parameters."""
    return any(each.prior is not None for each in parameters)
