"""What Ray starts in a worker process: trials, one after the other, over data that the worker holds once."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ray
import torch
from ray import tune
from ray.train._internal.session import get_session
from ray.tune.trainable.function_trainable import FunctionTrainable

from tuner.core.trial_report import TrialReport
from tuner.execution.ray_session import this_node
from tuner.execution.results import to_result
from tuner.training.device import best_device
from tuner.training.job import Arrays, Job
from tuner.training.memory import free_memory, leave_out_what_is_there
from tuner.training.trial import TrialJob

STOP_TIMEOUT_S = 30  # the time that a stopped trial has to save itself


class Worker(FunctionTrainable):  # type: ignore[misc]
    """Runs trials, one after the other; Ray resets it from trial to trial."""

    def setup(self, config: dict[str, Any], job: Job, **held: Any) -> None:
        """Called once by Ray, with what `tune.with_parameters` put into the object store."""
        self._first = config["number"]
        self._job = job
        self._hold(**held)
        super().setup(config)

    def __repr__(self) -> str:
        """What Ray's dashboard calls the worker: it asks once, when the worker starts."""
        return f"{self._job.sweep}, from trial {self._first} on"

    def cleanup(self) -> None:
        """Lets a trial that is being stopped save itself before its process ends."""
        get_session().finish(timeout=STOP_TIMEOUT_S)
        super().cleanup()


class TrialWorker(Worker):
    """A warm worker: it starts once, and puts the data on its device once."""

    def _hold(self, arrays: Arrays) -> None:
        device = best_device() if self._job.gpus else torch.device("cpu")
        if device.type == "cuda" and self._job.gpus < 1:  # so that only a trial that takes more than its part fails
            torch.cuda.set_per_process_memory_fraction(self._job.gpus)
        self._held = self._job.hold(arrays, device)
        self._node = this_node()
        leave_out_what_is_there()

    def _trainable_func(self, config: dict[str, Any]) -> None:
        torch.set_num_threads(self._job.threads)
        try:
            self._job.run(config["number"], config["parameters"], self._held, self._report)
        except SystemExit as stop:
            traceback.clear_frames(stop.__traceback__)  # they hold the model and the optimizer
            raise
        finally:
            free_memory()

    def _report(self, report: TrialReport) -> None:
        tune.report(to_result(replace(report, node=self._node)))


class GroupWorker(Worker):
    """Lets Ray Train start processes for each trial, which train it; it holds no data itself."""

    def _hold(self, arrays: Sequence[ray.ObjectRef[Any]], resources: dict[str, float]) -> None:
        [self._arrays] = arrays
        self._resources = resources

    def _trainable_func(self, config: dict[str, Any]) -> None:
        from tuner.execution.multi_gpu import GroupTask, train_together  # noqa: PLC0415 - imports Ray Train's torch

        assert isinstance(self._job, TrialJob)
        task = GroupTask(job=self._job, number=config["number"], parameters=config["parameters"], arrays=self._arrays)
        train_together(task, self._resources, lambda report: tune.report(to_result(report)))
