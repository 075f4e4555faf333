"""What a trial is, measured before its first epoch: how large its model is, and how quick."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from tuner.training.classifier import predict_logits
from tuner.training.device import autocast
from tuner.training.latency import median_ms
from tuner.training.loop import Training


def measure(training: Training, sample: Tensor, names: Sequence[str]) -> dict[str, float]:
    """The metrics of these names: `parameters`, all weights and biases, and `latency_ms`, see below.

    `sample` is a raw one, of shape (1, ...), on the device of the training.
    """
    found: dict[str, float] = {}
    if "parameters" in names:
        found["parameters"] = sum(parameter.numel() for parameter in training.model.parameters())
    if "latency_ms" in names:
        found["latency_ms"] = latency_ms(training, sample)
    return found


def latency_ms(training: Training, sample: Tensor) -> float:
    """The median time of one sample's forward pass in milliseconds, as it is validated, from raw sample to logits.

    With the trial's device, precision and number of threads. Other trials may run beside it meanwhile.
    """

    def run() -> None:
        with autocast(training.device):
            predict_logits(training.model, sample)

    return median_ms(run, partial(_now, training.device))


def _now(device: torch.device) -> float:
    """Seconds, once the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
