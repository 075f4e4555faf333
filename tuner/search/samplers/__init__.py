"""Samplers: how the parameters of the next trial are drawn. A new one is a file here, and a name in `_KINDS`.

Begin with `Sampling`; view.py is the study as a sampler sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optuna.samplers import BaseSampler

from tuner.core.records import Value
from tuner.core.search_options import SAMPLERS
from tuner.search.samplers.cmaes import make_cmaes
from tuner.search.samplers.draft import Draft
from tuner.search.samplers.gp import make_gp
from tuner.search.samplers.grid import make_grid
from tuner.search.samplers.prior import PriorSampler, has_prior
from tuner.search.samplers.qmc import make_qmc
from tuner.search.samplers.tpe import make_random, make_tpe
from tuner.search.samplers.view import View
from tuner.search.space import SearchSpace
from tuner.search.study_reader import quiet_optuna

NO_SPACE = SearchSpace(1, ())


@dataclass(frozen=True)
class _Kind:
    make: Callable[[Draft], BaseSampler]
    view: View
    redraws: int = 10
    """How often a point that may not be tried is drawn anew: if a sampler is sure of it, that does not help."""


_KINDS = {
    "tpe": _Kind(make_tpe, View.BEST),
    "random": _Kind(make_random, View.NOTHING),
    "qmc": _Kind(make_qmc, View.NOTHING),
    "gp": _Kind(make_gp, View.BEST_AND_FAILED, redraws=1),
    "cmaes": _Kind(make_cmaes, View.RECENT),
    "grid": _Kind(make_grid, View.NOTHING, redraws=0),
}


@dataclass(frozen=True)
class Sampling:
    """How a sweep draws its points."""

    name: str = SAMPLERS[0]
    """One of SAMPLERS."""
    space: SearchSpace = NO_SPACE
    """Only `qmc`, `grid` and priors need it in advance."""
    first: int = 0
    """The number of the first trial that is drawn from this search space: it may have been changed."""
    skipped: Callable[[int], int] = lambda _: 0
    """By the number of a trial, how many of the lowest rungs it passes without being compared there."""
    tried: tuple[dict[str, Value], ...] = ()
    """What the trials before have of it, by the names in the study. Only `grid` needs it."""

    @property
    def view(self) -> View:
        """Which trials the sampler sees."""
        return _KINDS[self.name].view

    @property
    def redraws(self) -> int:
        """How often a point that may not be tried is drawn anew, before another one is taken near it."""
        return _KINDS[self.name].redraws

    @property
    def learns(self) -> bool:
        """Whether the sampler learns from the trials before."""
        return self.view is not View.NOTHING

    def make_sampler(self, *, seed: int, number: int, startup: int, redraw: int = 0, trials: int = 0) -> BaseSampler:
        """The sampler of one trial: with one for all, a resumed sweep would sample its first trials again.

        Args:
            seed: of the sweep.
            number: of the trial.
            startup: how many trials are drawn at random before a sampler learns.
            redraw: how many points were drawn for it before, and may not be tried.
            trials: how many the sweep has.
        """
        draft = Draft(
            seed,
            number,
            startup,
            self.space,
            first=self.first,
            skipped=self.skipped(number),
            tried=self.tried,
            redraw=redraw,
            trials=trials,
        )
        with quiet_optuna():
            sampler = _KINDS[self.name].make(draft)
            mixes = self.learns and has_prior(self.space.parameters)
            return PriorSampler(sampler, draft) if mixes else sampler


BY_TPE = Sampling()
LEARNING = tuple(name for name, kind in _KINDS.items() if kind.view is not View.NOTHING)
"""The samplers that learn from the trials before."""


def random_start(trials: int) -> int:
    """How many of so many trials are drawn at random before a sampler learns."""
    return max(4, min(10, trials // 3))
