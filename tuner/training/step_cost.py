"""How long a model takes to train on this machine, measured on a few made-up samples before any training."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from tuner.core.records import Value
from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier, build_classifier, parameter_count
from tuner.training.device import best_device
from tuner.training.frozen_features import extracts_once
from tuner.training.hyperparameters import split_parameters

FEW = 8  # samples of a first step, which is slower than later ones
QUICK = 0.25  # seconds: after a first step within them a whole batch is measured


@dataclass(frozen=True, kw_only=True)
class StepCost:
    """What a training with some parameters costs."""

    weights: int
    """Trainable ones."""
    epoch_seconds: float
    """Of an epoch, without validation. Where the images' features are computed once, of that."""
    once: bool
    """Whether it is that."""


def measure_step(data: DataSpec, model: str, parameters: Mapping[str, Value], samples: int, threads: int) -> StepCost:
    """Trains a step or two on made-up samples, and takes the time.

    Args:
        data: the specification.
        model: its name.
        parameters: of a trial with it.
        samples: of the training split.
        threads: that a trial computes with.

    Raises:
        TunerError: the model does not fit the data.
    """
    hyperparameters, arguments = split_parameters(model, parameters)
    device = best_device()
    with torch.random.fork_rng(devices=[]), _threads(threads):
        built = build_classifier(data, model, arguments).to(device)
        weights, once = parameter_count(built), extracts_once(built)
        count = min(FEW, samples)
        seconds = _step(built, data, count, device, once=once)
        if seconds < QUICK:
            count = min(hyperparameters.batch_size, samples)
            seconds = _step(built, data, count, device, once=once)
    return StepCost(weights=weights, epoch_seconds=seconds / count * samples, once=once)


def _step(built: Classifier, data: DataSpec, count: int, device: torch.device, *, once: bool) -> float:
    kind = torch.int64 if data.task == "text" else torch.float32
    inputs = torch.ones(count, *data.shape, dtype=kind, device=device)  # token 1 is a word, 0 would be padding
    began = _now(device)
    if once:
        with torch.no_grad():
            built.eval()(inputs)
    else:
        built.train()
        loss: Any = built(inputs).square().mean()  # of the outputs, whatever they stand for
        loss.backward()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (_now(device) - began) / (1 if device.type == "cuda" else torch.get_num_threads())


def _now(device: torch.device) -> float:
    """Seconds. On a CPU those that this process has had of it, in all threads: others may be using it, too."""
    return time.perf_counter() if device.type == "cuda" else time.process_time()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
