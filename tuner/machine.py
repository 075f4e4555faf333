"""What this machine has, and how a sweep shares it among its trials."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from tuner.errors import TunerError

MOST_CPU_TRIALS = 8  # beyond that, cores speed up trials rather than adding more of them: TPE learns from each result


@dataclass(frozen=True, kw_only=True)
class Share:
    """How trials run side by side."""

    concurrency: int
    cpus_per_trial: int
    gpus_per_trial: float


def cpu_count() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpu_count() -> int:
    """GPUs that torch can use."""
    return torch.cuda.device_count()


def share(*, trials: int, concurrency: int | None, cpus_per_trial: int | None, gpus_per_trial: float | None) -> Share:
    """Fills in what the user left open: all GPUs with a trial each, or else all cores.

    Raises:
        TunerError: this machine has not got what is asked for.
    """
    cpus, gpus = cpu_count(), gpu_count()
    if gpus_per_trial is None:
        gpus_per_trial = 1.0 if gpus else 0.0
    _check_gpus(gpus_per_trial, gpus)
    if gpus_per_trial:  # a trial lies on one GPU, and waits for that: cores may be shared
        fitting = gpus * int(1 / gpus_per_trial + 1e-9)
    else:
        least = cpus_per_trial or (1 if concurrency else max(1, cpus // MOST_CPU_TRIALS))
        fitting = cpus // least
        if not fitting:
            raise TunerError(f"--cpus-per-trial {least}: this machine has {cpus} CPU cores")
    if concurrency is not None and concurrency > fitting:
        what = f"{gpus} GPUs" if gpus_per_trial else f"{cpus} CPU cores"
        raise TunerError(f"--concurrency {concurrency}: {what} have room for {fitting} such trials at a time")
    concurrency = min(concurrency or fitting, trials)
    return Share(
        concurrency=concurrency,
        cpus_per_trial=cpus_per_trial or max(1, cpus // concurrency),
        gpus_per_trial=gpus_per_trial,
    )


def _check_gpus(asked: float, gpus: int) -> None:
    if not asked >= 0:
        raise TunerError(f"--gpus-per-trial {asked:g}: must be a number of at least 0")
    if asked > 1:
        raise TunerError(f"--gpus-per-trial {asked:g}: a trial trains on one GPU: give 1, or a fraction to share it")
    if asked and not gpus:
        raise TunerError(f"--gpus-per-trial {asked:g}: no GPU here: leave the option out to train on the CPU")
