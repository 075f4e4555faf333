"""What runs inside a Ray worker: trials, one after the other, over data that the worker holds once."""

from __future__ import annotations

import gc
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from ray import tune
from ray.train._internal.session import get_session
from ray.tune.trainable.function_trainable import FunctionTrainable

from tuner.checkpoint import Checkpoints, checkpoint_folder
from tuner.classifier import build_classifier
from tuner.data import DataSpec, Split, Splits
from tuner.device import best_device
from tuner.files import make_folder
from tuner.fit import Training, fit
from tuner.hyperparameters import split_parameters
from tuner.seed import trial_seed
from tuner.space import Value

Report = Callable[[dict[str, Any]], None]
Arrays = dict[str, NDArray[Any]]
STOP_TIMEOUT_S = 30  # a trial that is stopped may take so long to save itself


@dataclass(frozen=True, kw_only=True)
class TrialJob:
    """What all trials of a sweep have in common."""

    data: DataSpec
    model: str
    epochs: int
    rungs: tuple[int, ...]
    seed: int
    threads: int
    gpu: bool
    """Whether trials were given a GPU, or a share of one."""
    folder: Path


def to_arrays(splits: Splits) -> Arrays:
    """Training and validation as numpy arrays, which Ray's object store maps into every worker without a copy."""
    named = {"train": splits.train, "validation": splits.validation}
    return {
        f"{name}_{part}": tensor.numpy() for name, split in named.items() for part, tensor in split._asdict().items()
    }


class TrialData(NamedTuple):
    """What trials train on, on the device that they train on."""

    train: Split
    validation: Split


class TrialWorker(FunctionTrainable):  # type: ignore[misc]
    """A warm worker: it starts once, puts the data on its device once, and is reset from trial to trial."""

    def setup(self, config: dict[str, Any], job: TrialJob, arrays: Arrays) -> None:
        """Called once by Ray, with what `tune.with_parameters` put into the object store."""
        device = best_device() if job.gpu else torch.device("cpu")
        self._job = job
        self._data = TrialData(
            train=_on_device(arrays["train_inputs"], arrays["train_targets"], device),
            validation=_on_device(arrays["validation_inputs"], arrays["validation_targets"], device),
        )
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


def run_trial(job: TrialJob, number: int, parameters: Mapping[str, Value], data: TrialData, report: Report) -> None:
    """Trains one trial, from its checkpoint if it has one, and reports each epoch's metrics.

    An error is reported as `{"error": reason}` and not raised, since that would cost the warm worker.
    """
    reason = _attempt(job, number, parameters, data, report)
    if reason:
        free_memory()
        report({"error": reason})


def free_memory() -> None:
    """Gives what an ended trial has left back to the device, for those that share it."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _attempt(job: TrialJob, number: int, parameters: Mapping[str, Value], data: TrialData, report: Report) -> str:
    """Trains the trial; why it failed, or nothing. When it returns, nothing holds on to the model any more."""
    folder = checkpoint_folder(job.folder, number)
    try:
        training = _start(job, trial_seed(job.seed, number), parameters, data.train.inputs.device)
        _train(job, training, data, Checkpoints(folder), report)
    except Exception as error:
        reason = _reason(error, parameters)
        if isinstance(error, torch.AcceleratorError) and not isinstance(error, torch.OutOfMemoryError):
            raise  # the GPU's context is broken for this process: a new worker goes on from the checkpoint
        make_folder(job.folder)
        (job.folder / f"{folder.name}-error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        traceback.clear_frames(error.__traceback__)
        return reason
    return ""


def _start(job: TrialJob, seed: int, parameters: Mapping[str, Value], device: torch.device) -> Training:
    torch.manual_seed(seed)
    hyperparameters, arguments = split_parameters(parameters)
    model = build_classifier(job.data, job.model, arguments)
    return Training(model, hyperparameters, epochs=job.epochs, seed=seed, device=device)


def _train(job: TrialJob, training: Training, data: TrialData, checkpoints: Checkpoints, report: Report) -> None:
    try:
        if checkpoints.restore(training) and training.metrics:
            report(asdict(training.metrics))  # the driver may have died before it heard of this epoch
        with closing(fit(training, data.train, data.validation, job.data.augment)) as epochs:
            for metrics in epochs:
                if not metrics.finite:
                    report(asdict(metrics))
                    return
                checkpoints.save(training, now=metrics.epoch in (*job.rungs, job.epochs))
                report(asdict(metrics))
    except SystemExit:  # raised by Ray inside `report` when it stops the trial
        if training.metrics and training.metrics.finite:
            checkpoints.save(training, now=True)
        raise


def _reason(error: BaseException, parameters: Mapping[str, Value]) -> str:
    """One line for a person."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error):
        return f"out of memory at batch size {parameters.get('batch_size')}"
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"


def _on_device(inputs: NDArray[Any], targets: NDArray[np.int64], device: torch.device) -> Split:
    """Tensors over the arrays of the object store: mapped on a CPU, copied once to a GPU."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")  # nothing here writes
        return Split(torch.from_numpy(inputs).to(device), torch.from_numpy(targets).to(device))
