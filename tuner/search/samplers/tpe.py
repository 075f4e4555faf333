"""TPE, and plain random draws."""

from __future__ import annotations

from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from tuner.search.samplers.draft import Draft

try:
    from tuner.search.samplers.quick_tpe import QuickTPE
except ImportError:  # this version of Optuna has other private names
    QuickTPE = TPESampler  # type: ignore[misc,assignment]


def make_tpe(draft: Draft) -> BaseSampler:
    """Multivariate TPE (Falkner et al. 2018, "BOHB"; Optuna's group decomposition for conditional parameters)."""
    return QuickTPE(seed=draft.trial_seed, n_startup_trials=draft.startup, multivariate=True, group=True)


def make_single_tpe(draft: Draft) -> BaseSampler:
    """TPE for one parameter at a time: for those that another sampler leaves out."""
    return TPESampler(seed=draft.trial_seed, n_startup_trials=draft.startup)


def make_random(draft: Draft) -> BaseSampler:
    """Uniform, or log-uniform, in each parameter."""
    return RandomSampler(seed=draft.trial_seed)
