"""A Gaussian process with log expected improvement (Optuna's GPSampler)."""

from __future__ import annotations

from optuna.samplers import BaseSampler, GPSampler

from tuner.search.samplers.draft import Draft
from tuner.search.samplers.tpe import make_single_tpe


def make_gp(draft: Draft) -> BaseSampler:
    """The process knows the parameters that every trial has. TPE draws the others, and the first points at random."""
    return GPSampler(
        seed=draft.trial_seed,
        n_startup_trials=draft.startup,
        independent_sampler=make_single_tpe(draft),
        warn_independent_sampling=False,
    )
