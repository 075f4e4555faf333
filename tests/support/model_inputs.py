"""Specifications and batches of every task, for tests of all models."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tuner.core import catalog
from tuner.data.spec import DataSpec, Task

WORDS = 20


def make_spec(task: Task, shape: tuple[int, ...], classes: int = 3) -> DataSpec:
    """Data that are normalised already; texts have a vocabulary of 20 words."""
    numbers = 0 if task == "text" else shape[0]
    return DataSpec(
        name="made-up",
        task=task,
        shape=shape,
        classes=tuple(f"class {number}" for number in range(classes)),
        mean=(0.0,) * numbers,
        std=(1.0,) * numbers,
        vocabulary=tuple(f"word{number}" for number in range(WORDS)) if task == "text" else (),
    )


def build(name: str, data: DataSpec, **hyperparameters: Any) -> nn.Module:
    """A model of the catalog, whose weights are the same every time."""
    torch.manual_seed(0)
    model: nn.Module = catalog.load("models", name).build(data, **hyperparameters)
    return model


def make_inputs(data: DataSpec, samples: int) -> Tensor:
    """What a network gets: normal numbers, or tokens, of which all texts but the first end in padding."""
    if data.task != "text":
        return torch.randn(samples, *data.shape)
    tokens = torch.randint(1, WORDS + 2, (samples, *data.shape))
    for sample in range(samples):
        tokens[sample, data.shape[0] - sample :] = 0
    return tokens


def settle(model: nn.Module, inputs: Tensor) -> nn.Module:
    """As after a training: batch norms know the statistics of the inputs, frozen ones too. In evaluation mode.

    Untrained ones divide by 1, so that after 50 layers all samples have the same answer.
    """
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train().momentum = 1.0
    with torch.no_grad():
        model(inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return model.eval()
