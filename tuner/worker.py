"""What Ray starts in a worker process: trials, one after the other, over data that the worker holds once."""

from __future__ import annotations

import socket
import traceback
from typing import Any

import ray
import torch
from ray import tune
from ray.train._internal.session import get_session
from ray.tune.trainable.function_trainable import FunctionTrainable

from tuner.device import best_device
from tuner.submitted import on_cluster
from tuner.trial import Arrays, TrialJob, free_memory, run_trial, to_data

STOP_TIMEOUT_S = 30  # a trial that is stopped may take so long to save itself


class TrialWorker(FunctionTrainable):  # type: ignore[misc]
    """A warm worker: it starts once, puts the data on its device once, and is reset from trial to trial."""

    def setup(self, config: dict[str, Any], job: TrialJob, arrays: Arrays) -> None:
        """Called once by Ray, with what `tune.with_parameters` put into the object store."""
        device = best_device() if job.gpus else torch.device("cpu")
        if device.type == "cuda" and job.gpus < 1:  # a trial that takes more than its part fails alone
            torch.cuda.set_per_process_memory_fraction(job.gpus)
        self._first = config["number"]
        self._job = job
        self._node = f"{socket.gethostname()}/{ray.get_runtime_context().get_node_id()[:8]}"
        self._data = to_data(arrays, device)
        super().setup(config)

    def __repr__(self) -> str:
        """What Ray's dashboard calls the worker: it asks once, when the worker starts."""
        return f"{self._job.sweep}, from trial {self._first} on"

    def _trainable_func(self, config: dict[str, Any]) -> None:
        torch.set_num_threads(self._job.threads)
        try:
            run_trial(self._job, config["number"], config["parameters"], self._data, self._report)
        except SystemExit as stop:
            traceback.clear_frames(stop.__traceback__)  # they hold the model and the optimizer
            raise
        finally:
            free_memory()

    def _report(self, result: dict[str, Any]) -> None:
        tune.report(result | {"node": self._node} if on_cluster() else result)

    def cleanup(self) -> None:
        """Lets a trial that is being stopped save itself before its process ends."""
        get_session().finish(timeout=STOP_TIMEOUT_S)
        super().cleanup()
