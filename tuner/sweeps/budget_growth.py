"""Larger budgets for a sweep that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tuner.core.budgets import BudgetRequest, check_gpus_for, option_of
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.records import TrialRecord
from tuner.search.budgets import make_budgets
from tuner.search.schedulers import make_scheduler


def with_budgets(
    config: SweepConfig, records: Sequence[TrialRecord], gpu_seconds: float, asked: BudgetRequest
) -> SweepConfig:
    """The sweep with the budgets that are asked for.

    Args:
        config: the sweep's.
        records: its trials.
        gpu_seconds: how many GPU-seconds they have used.
        asked: its budgets from now on, in all, beside its trials and time.

    Raises:
        TunerError: a budget is used up, as it was or as it is asked for.
    """
    check_gpus_for(asked, config.gpus_per_trial)
    asked.check_target(config.goal)
    new = replace(config, **asked.given())
    timeless = replace(new, time_budget=None)
    for budget in make_budgets(timeless, records, make_scheduler(new), lambda: 0.0, lambda: gpu_seconds):
        if budget.over:
            option = option_of(budget.name)
            asked_for = budget.name in asked.given()
            told = f"{option}: {budget.begun}" if asked_for else f"{config.name} cannot go on: {budget.begun}"
            raise TunerError(f"{told}: give more, such as {budget.state.more}")
    return new
