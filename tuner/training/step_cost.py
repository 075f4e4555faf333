"""How long a model takes to train on this machine, measured on a few made-up samples before any training.

They go through the training loop itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from tuner.core.records import Value
from tuner.data.spec import DataSpec, Split
from tuner.training.changes import changes_of, trains_on_features
from tuner.training.classifier import build_classifier, parameter_count
from tuner.training.device import best_device, to_memory_format
from tuner.training.hyperparameters import split_parameters
from tuner.training.loop import Training, train_epoch
from tuner.training.targets import target_of

FEW = 8  # samples of a first step, which is slower than later ones
QUICK = 0.25  # seconds: after a first step within them whole batches are measured
BATCHES = 2  # how many


@dataclass(frozen=True, kw_only=True)
class StepCost:
    """What a training with some parameters costs."""

    weights: int
    """Trainable ones."""
    epoch_seconds: float
    """Of an epoch, without validation. Where the images' features are computed once, of that."""
    once: bool
    """Whether it is that."""


def measure_step(
    data: DataSpec,
    model: str,
    parameters: Mapping[str, Value],
    samples: int,
    threads: int,
    device: torch.device | None = None,
) -> StepCost:
    """Trains a step or two on made-up samples, and takes the time.

    Args:
        data: the specification.
        model: its name.
        parameters: of a trial with it.
        samples: of the training split.
        threads: that a trial computes with.
        device: that it computes on; by default the best one here.

    Raises:
        TunerError: the model does not fit the data.
    """
    hyperparameters, arguments = split_parameters(model, parameters)
    device = device or best_device()
    with torch.random.fork_rng(devices=[]), _threads(threads):
        built = build_classifier(data, model, arguments)
        weights = parameter_count(built)
        changes = changes_of(hyperparameters, _made_up(data, 1, device), data.augment)
        once = trains_on_features(built, hyperparameters, changes)
        training = Training(built, hyperparameters, epochs=1, seed=0, device=device, target=target_of(data))
        run = _features if once else _train
        count = min(FEW, samples)
        seconds = _time(run, training, _made_up(data, count, device))
        if seconds < QUICK:
            count = min(BATCHES * hyperparameters.batch_size, samples)
            seconds = _time(run, training, _made_up(data, count, device))
    return StepCost(weights=weights, epoch_seconds=seconds / count * samples, once=once)


def _made_up(data: DataSpec, count: int, device: torch.device) -> Split:
    kind = torch.int64 if data.task == "text" else torch.float32
    inputs = torch.ones(count, *data.shape, dtype=kind, device=device)  # token 1 is a word, 0 would be padding
    targets = torch.zeros(count) if data.number is not None else torch.arange(count) % len(data.classes)
    return Split(inputs, targets.to(device))


def _train(training: Training, samples: Split) -> None:
    train_epoch(training, Split(samples.inputs, training.target.encode(samples.targets)), ())


def _features(training: Training, samples: Split) -> None:
    with torch.no_grad():
        training.model.eval()(to_memory_format(samples.inputs, training.layout))


def _time(run: Callable[[Training, Split], None], training: Training, samples: Split) -> float:
    """Seconds. On a CPU those that a thread has had of it: others may be using it, too."""
    cuda = training.device.type == "cuda"
    began = _now(training.device)
    run(training, samples)
    if cuda:
        torch.cuda.synchronize()
    return (_now(training.device) - began) / (1 if cuda else torch.get_num_threads())


def _now(device: torch.device) -> float:
    return time.perf_counter() if device.type == "cuda" else time.process_time()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
