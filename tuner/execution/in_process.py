"""Runs a single trial in this process, without Ray."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import torch

from tuner.core.trial_report import TrialReport
from tuner.search.controller import Controller
from tuner.search.schedulers.base import Decision
from tuner.training.device import best_device
from tuner.training.job import Arrays, Job
from tuner.training.memory import free_memory


class InProcessExecutor:
    """Runs trials one after the other. See Executor."""

    shares_disk = True
    dashboard = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to end."""

    def run(self, controller: Controller, job: Job, arrays: Arrays, *, tick: Callable[[], None]) -> None:
        """See Executor. `tick` is called after each report."""
        torch.set_num_threads(job.threads)
        held = job.hold(arrays, best_device() if job.gpus else torch.device("cpu"))
        while drawn := controller.next_trial():
            number, parameters = drawn

            def report(told: TrialReport, number: int = number) -> None:
                decision = controller.on_report(number, told)
                tick()
                if decision is Decision.STOP:
                    raise SystemExit

            tick()
            with suppress(SystemExit):
                job.run(number, parameters, held, report)
            free_memory()
