"""Multilayer perceptron over the columns of a table, all at once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from torch import nn

from tuner.data.spec import DataSpec, Task

from ._checks import check_dropout, check_integer

TASKS: tuple[Task, ...] = ("tabular",)
SPACE: dict[str, Any] = {
    "optimizer": {"choices": ["adam", "adamw"]},
    "lr": {"low": 3e-4, "high": 1e-2, "log": True},
    "dropout": {"low": 0.0, "high": 0.6},
    "hidden_size": {"choices": [64, 128, 256]},
    "num_layers": {"choices": [1, 2, 3]},
}


def build(data: DataSpec, *, dropout: float = 0.2, hidden_size: int = 128, num_layers: int = 2) -> nn.Module:
    """A classifier of normalised float32 rows, (batch, features) -> (batch, classes) logits.

    Gorishniy et al. 2021, "Revisiting Deep Learning Models for Tabular Data", section 3.1.

    Args:
        data: the dataset; any number of features.
        dropout: share of the units of each hidden layer that is dropped, 0 to 0.95.
        hidden_size: units of each hidden layer, 1 to 4096.
        num_layers: hidden layers, 1 to 8.

    Raises:
        TunerError: a value out of its range.
    """
    check_dropout("mlp", dropout)
    check_integer("mlp", "hidden_size", hidden_size, 1, 4096)
    check_integer("mlp", "num_layers", num_layers, 1, 8)
    sizes = [data.shape[0], *[hidden_size] * num_layers]
    layers = [nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Dropout(dropout)) for a, b in pairwise(sizes)]
    return nn.Sequential(*layers, nn.Linear(hidden_size, data.outputs))
