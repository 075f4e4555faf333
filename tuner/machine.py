"""What this machine has, and how a sweep shares it among its trials."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import torch

from tuner.errors import TunerError

LEAST_SHARE = 1e-4  # of a GPU
MOST_CPU_TRIALS = 8  # beyond that, cores speed up trials rather than adding more of them: TPE learns from each result


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How trials are to run side by side; None is left open."""

    trials: int
    """How many there will be in all."""
    concurrency: int | None = None
    """Trials side by side."""
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    """0, a share of one, or a whole number of them."""
    workers_per_node: int | None = None
    """The most processes that train on one node."""


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


def share(asked: Asked) -> Share:
    """Fills in what the user left open: all GPUs with a trial each, or else all cores.

    Raises:
        TunerError: this machine has not got what is asked for.
    """
    cpus, gpus = cpu_count(), gpu_count()
    gpus_per_trial = asked.gpus_per_trial
    if gpus_per_trial is None:
        gpus_per_trial = 1.0 if gpus else 0.0
    check_gpus(gpus_per_trial)
    if gpus_per_trial > gpus:
        here = f"this machine has {gpus}" if gpus else "no GPU here: leave the option out to train on the CPU"
        raise TunerError(f"--gpus-per-trial {gpus_per_trial:g}: {here}")
    if gpus_per_trial:  # a trial waits for its GPU: cores may be shared
        fitting = trials_on(gpus, gpus_per_trial)
    else:
        least = asked.cpus_per_trial or (1 if asked.concurrency else max(1, cpus // MOST_CPU_TRIALS))
        fitting = cpus // least
        if not fitting:
            raise TunerError(f"--cpus-per-trial {least}: this machine has {cpus} CPU cores")
    if asked.concurrency is not None and asked.concurrency > fitting:
        what = f"{gpus} GPUs" if gpus_per_trial else f"{cpus} CPU cores"
        raise TunerError(f"--concurrency {asked.concurrency}: {what} have room for {fitting} such trials at a time")
    if asked.workers_per_node is not None:
        fitting = min(fitting, most_trials(asked.workers_per_node, gpus_per_trial))
    concurrency = min(asked.concurrency or fitting, asked.trials, fitting)
    return Share(
        concurrency=concurrency,
        cpus_per_trial=asked.cpus_per_trial or max(1, cpus // concurrency),
        gpus_per_trial=gpus_per_trial,
    )


def trials_on(gpus: int, gpus_per_trial: float) -> int:
    """How many trials that take such a share of a GPU, or so many GPUs, fit on that many."""
    if gpus_per_trial < 1:
        return gpus * int(1 / gpus_per_trial + 1e-9)
    return gpus // int(gpus_per_trial)


def most_trials(workers: int, gpus_per_trial: float) -> int:
    """How many trials so many processes of a node can train.

    Raises:
        TunerError: not even one.
    """
    together = max(1, int(gpus_per_trial))
    if workers < together:
        raise TunerError(f"--workers-per-node {workers}: a trial with {together} GPUs takes {together} workers")
    return workers // together


def check_gpus(asked: float) -> None:
    """Raises TunerError unless it is a share of a GPU, or a whole number of them."""
    if not 0 <= asked < math.inf:
        raise TunerError(f"--gpus-per-trial {asked:g}: must be a number of at least 0")
    if 0 < asked < LEAST_SHARE:
        raise TunerError(f"--gpus-per-trial {asked:g}: Ray shares a GPU among at most {1 / LEAST_SHARE:.0f} trials")
    if asked > 1 and asked != int(asked):
        whole = max(1, int(asked))
        raise TunerError(
            f"--gpus-per-trial {asked:g}: give a whole number, such as {whole}, or a fraction below 1 to share a GPU"
        )
