"""Models learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.model_inputs import build
from torch import nn
from torch.nn.functional import cross_entropy

from tuner.core import catalog
from tuner.data.spec import DataSpec, Split


@pytest.mark.parametrize(
    ("model", "smaller", "dataset", "epochs", "least"),
    [
        ("cnn", {"width": 0.5}, "digits", 4, 0.85),
        ("resnet", {}, "digits", 3, 0.85),
        ("lenet", {}, "digits", 6, 0.85),
        ("alexnet", {"width": 0.25}, "digits", 4, 0.7),
        ("zfnet", {"width": 0.25}, "digits", 4, 0.7),
        ("lstm", {}, "breast_cancer", 8, 0.93),
    ],
)
def test_learns_in_a_few_epochs(
    model: str, smaller: dict[str, Any], dataset: str, epochs: int, least: float, tmp_path: Path
) -> None:
    splits = catalog.load("datasets", dataset).load(tmp_path)
    network = build(model, splits.spec, **smaller)
    train(network, normalised(splits.train, splits.spec), epochs)
    inputs, targets = normalised(splits.validation, splits.spec)
    with torch.inference_mode():
        accuracy = (network.eval()(inputs).argmax(1) == targets).float().mean().item()
    assert accuracy >= least


def normalised(split: Split, data: DataSpec) -> Split:
    shape = (-1,) + (1,) * (len(data.shape) - 1)
    mean, std = torch.tensor(data.mean).view(shape), torch.tensor(data.std).view(shape)
    return Split((split.inputs.float() - mean) / std, split.targets)


def train(network: nn.Module, split: Split, epochs: int) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(split.targets)), 32):
            optimizer.zero_grad()
            torch.autograd.backward(cross_entropy(network(split.inputs[batch]), split.targets[batch]))
            optimizer.step()
