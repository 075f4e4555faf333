"""A scrambled Sobol sequence: points that cover the space more evenly than random ones.

Each parameter has a coordinate of its own, also one that only some trials have: the others do not use theirs. So the
point of a trial depends on the sweep's seed and on the trial's number alone. (Optuna's own sampler takes the parameters
of the first trial, and draws all others at random.)
"""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, QMCSampler
from optuna.trial import FrozenTrial

from tuner.search.samplers.distributions import distributions
from tuner.search.samplers.draft import Draft
from tuner.search.space import Parameter


class SobolSampler(QMCSampler):
    """Draws one trial: the point of the sequence that has the trial's number."""

    def __init__(self, seed: int, number: int, parameters: Sequence[Parameter]) -> None:
        """`seed` scrambles the sequence: the same for all trials of a sweep."""
        super().__init__(scramble=True, seed=seed, warn_independent_sampling=False)
        self._number = number
        self._distributions = distributions(parameters)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:  # noqa: ARG002
        """All parameters of the space."""
        return self._distributions

    def _find_sample_id(self, study: optuna.Study, search_space: dict[str, BaseDistribution]) -> int:  # noqa: ARG002
        return self._number


def make_qmc(draft: Draft) -> BaseSampler:
    """The sampler of a trial. What is drawn anew comes from beyond the points of all trials."""
    return SobolSampler(draft.seed, draft.number + draft.redraw * draft.trials, draft.parameters)
