"""Runs a single trial in this process, without Ray."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch

from tuner.core.callback import Decision
from tuner.search.controller import Controller
from tuner.training.device import best_device
from tuner.training.trial import Arrays, TrialJob, free_memory, run_trial, to_trial_data


def run_here(policy: Controller, job: TrialJob, arrays: Arrays, *, tick: Callable[[], None]) -> None:
    """Runs trials one after the other in this process, until the policy is over. `tick` is called after each report."""
    torch.set_num_threads(job.threads)
    data = to_trial_data(arrays, best_device() if job.gpus else torch.device("cpu"))

    while drawn := policy.next_trial():
        number, parameters = drawn

        def report(result: dict[str, Any], number: int = number) -> None:
            decision = policy.on_report(number, result)
            tick()
            if decision is Decision.STOP:
                raise SystemExit

        tick()
        with suppress(SystemExit):
            run_trial(job, number, parameters, data, report)
        free_memory()
