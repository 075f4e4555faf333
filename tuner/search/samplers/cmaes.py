"""CMA-ES (Hansen & Ostermeier 2001), by Optuna's CmaEsSampler, which keeps its state in the study."""

from __future__ import annotations

from optuna.samplers import BaseSampler, CmaEsSampler

from tuner.search.samplers.draft import Draft
from tuner.search.samplers.tpe import make_single_tpe


def make_cmaes(draft: Draft) -> BaseSampler:
    """It draws the ranges that every trial has. TPE draws choices, and parameters that only some trials have."""
    return CmaEsSampler(
        seed=draft.trial_seed, independent_sampler=make_single_tpe(draft), warn_independent_sampling=False
    )
