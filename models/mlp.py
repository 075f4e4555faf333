"""Multilayer perceptron over the columns of a table, all at once: blocks with residuals, embeddings of categories."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from tuner.data.spec import DataSpec, Task

from ._checks import check_choice, check_dropout, check_integer

TASKS: tuple[Task, ...] = ("tabular",)
BLOCKS = ("residual", "plain")
HIDDEN = 2  # times as many units within a residual block: the default of the paper's authors
SPACE: dict[str, Any] = {
    "optimizer": {"choices": ["adamw", "adam"]},
    "lr": {"low": 3e-4, "high": 1e-2, "log": True},
    "dropout": {"low": 0.0, "high": 0.5},
    "hidden_size": {"choices": [64, 128, 256]},
    "num_layers": {"choices": [1, 2, 4]},
    "blocks": {"choices": [*BLOCKS]},
}


def build(
    data: DataSpec, *, dropout: float = 0.2, hidden_size: int = 128, num_layers: int = 2, blocks: str = "plain"
) -> nn.Module:
    """A network of normalised float32 rows, (batch, features) -> (batch, outputs) logits or numbers.

    Gorishniy et al. 2021, "Revisiting Deep Learning Models for Tabular Data" (arXiv 2106.11959): `plain` is the MLP of
    section 3.1, over one-hot categories; `residual` the ResNet of section 3.2, with an embedding for each column of
    categories. A search space tries both, and begins with `residual`; models of earlier versions are `plain`.

    Args:
        data: the dataset; any number of features.
        dropout: share of the units that is dropped: of each hidden layer, or within each block; 0 to 0.95.
        hidden_size: units of each hidden layer, or between the blocks; 1 to 4096.
        num_layers: hidden layers or blocks, 1 to 8.
        blocks: one of BLOCKS.

    Raises:
        TunerError: a value out of its range.
    """
    check_dropout("mlp", dropout)
    check_integer("mlp", "hidden_size", hidden_size, 1, 4096)
    check_integer("mlp", "num_layers", num_layers, 1, 8)
    check_choice("mlp", "blocks", blocks, BLOCKS)
    if blocks == "residual":
        return _residual(data, dropout, hidden_size, num_layers)
    sizes = [data.shape[0], *[hidden_size] * num_layers]
    layers = [nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Dropout(dropout)) for a, b in pairwise(sizes)]
    return nn.Sequential(*layers, nn.Linear(hidden_size, data.outputs))


def _residual(data: DataSpec, dropout: float, size: int, count: int) -> nn.Module:
    """Embeddings, a linear layer, blocks, and a head of normalisation, ReLU and a linear layer."""
    embeddings = Embeddings(data)
    blocks = [Block(size, dropout) for _ in range(count)]
    head = (nn.BatchNorm1d(size), nn.ReLU(), nn.Linear(size, data.outputs))
    return nn.Sequential(embeddings, nn.Linear(embeddings.width, size), *blocks, *head)


class Block(nn.Module):
    """A residual block: normalisation, a wider layer with ReLU and dropout, and back; added to what came in."""

    def __init__(self, size: int, dropout: float) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.BatchNorm1d(size),
            nn.Linear(size, HIDDEN * size),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(HIDDEN * size, size),
        )

    def forward(self, rows: Tensor) -> Tensor:
        """(batch, size) -> (batch, size)."""
        changed: Tensor = self.change(rows)
        return rows + changed


class Embeddings(nn.Module):
    """Numbers as they are, and for each column of categories the vector of its category.

    A category that training did not know, or that is missing, has a vector of zeros.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(data.mean, dtype=torch.float32), persistent=False)
        self.register_buffer("std", torch.tensor(data.std, dtype=torch.float32), persistent=False)
        self.widths = [column.width for column in data.columns] or [data.shape[0]]
        self.categories = [column.kind == "category" for column in data.columns] or [False]
        parts = list(zip(self.widths, self.categories, strict=True))
        self.vectors = nn.ModuleList(nn.Linear(width, _size(width), bias=False) for width, named in parts if named)
        self.width = sum(_size(width) if named else width for width, named in parts)

    def forward(self, rows: Tensor) -> Tensor:
        """(batch, features), normalised -> (batch, width)."""
        raw = torch.split(rows * self.std + self.mean, self.widths, dim=1)  # one-hot again, for categories
        scaled, vectors = torch.split(rows, self.widths, dim=1), iter(self.vectors)
        parts = zip(self.categories, scaled, raw, strict=True)
        return torch.cat([next(vectors)(one_hot) if named else numbers for named, numbers, one_hot in parts], dim=1)


def _size(categories: int) -> int:
    """How long the vector of a category is: the rule of thumb of fastai (Howard & Gugger 2020, tabular models).

    >>> [_size(count) for count in (2, 5, 50)]
    [2, 4, 14]
    """
    return min(categories, 600, int(1.6 * categories**0.56 + 0.5))
