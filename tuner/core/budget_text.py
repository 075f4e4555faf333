"""The budgets of a sweep in words."""

from __future__ import annotations

from tuner.core.budgets import BUDGETS, EXHAUSTED, BudgetRequest
from tuner.core.config import SweepConfig
from tuner.core.units import counted, format_seconds


def budgets_of(config: SweepConfig) -> BudgetRequest:
    """The budgets of a sweep, but its trials and time."""
    return BudgetRequest(**{name: getattr(config, name) for name in BUDGETS})


def budget_limits(config: SweepConfig) -> dict[str, str]:
    """What each budget of a sweep allows, by its name: `200 epochs in all`."""
    limits = {
        "epoch_budget": config.epoch_budget and f"{counted(config.epoch_budget, 'epoch')} in all",
        "time_budget": config.time_budget and format_seconds(config.time_budget),
        "gpu_budget": config.gpu_budget and f"{format_seconds(config.gpu_budget)} of GPU time",
        "target_score": config.target_score and f"a score of {config.target_score:g}",
        "patience": config.patience and f"{counted(config.patience, 'trial')} without a better score",
    }
    return {name: text for name, text in limits.items() if text}


def ended_text(config: SweepConfig, ended_by: str) -> str:
    """Which budget ended the search: `the epoch budget, 200 epochs in all`; empty for none.

    So did the search space, if it has fewer points than trials were asked for.
    """
    if ended_by == EXHAUSTED:
        return "the search space: each of its points was tried"
    limit = budget_limits(config).get(ended_by)
    return f"{budget_words(ended_by)}, {limit}" if limit else ""


def budget_words(name: str) -> str:
    """The name of a budget in a sentence: `the epoch budget`."""
    return f"the {name.replace('_', ' ').replace('gpu', 'GPU')}"
