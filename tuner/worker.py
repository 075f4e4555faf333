"""What Ray starts in a worker process: trials, one after the other, over data that the worker holds once."""

from __future__ import annotations

import traceback
from typing import Any

import torch
from ray import tune
from ray.train._internal.session import get_session
from ray.tune.trainable.function_trainable import FunctionTrainable

from tuner.device import best_device
from tuner.trial import Arrays, TrialJob, free_memory, run_trial, to_data

STOP_TIMEOUT_S = 30  # a trial that is stopped may take so long to save itself


class TrialWorker(FunctionTrainable):  # type: ignore[misc]
    """A warm worker: it starts once, puts the data on its device once, and is reset from trial to trial."""

    def setup(self, config: dict[str, Any], job: TrialJob, arrays: Arrays) -> None:
        """Called once by Ray, with what `tune.with_parameters` put into the object store."""
        device = best_device() if job.gpu else torch.device("cpu")
        self._job = job
        self._data = to_data(arrays, device)
        super().setup(config)

    def _trainable_func(self, config: dict[str, Any]) -> None:
        torch.set_num_threads(self._job.threads)
        try:
            run_trial(self._job, config["number"], config["parameters"], self._data, tune.report)
        except SystemExit as stop:
            traceback.clear_frames(stop.__traceback__)  # they hold the model and the optimizer
            raise
        finally:
            free_memory()

    def cleanup(self) -> None:
        """Lets a trial that is being stopped save itself before its process ends."""
        get_session().finish(timeout=STOP_TIMEOUT_S)
        super().cleanup()
