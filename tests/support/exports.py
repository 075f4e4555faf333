"""Small models of every task, whose answers an exported file must give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from support.model_inputs import make_spec, settle
from tuner.data.spec import Column, DataSpec, NumberTarget
from tuner.training.classifier import Classifier, build_classifier

TEXTS, IMAGES = make_spec("text", (12,)), replace(make_spec("image", (1, 8, 8)), mean=(90.0,), std=(60.0,))
TABLE = replace(
    make_spec("tabular", (5,)),
    mean=(1e9, 0.3, 0.2, 0.5, 4.0),
    std=(2e8, 0.5, 0.4, 0.5, 1.0),
    columns=(
        Column(name="seconds", fill=1e9),
        Column(name="colour", fill=0.0, categories=("red", "green", "blue")),
        Column(name="size", fill=4.0),
    ),
)
PRICES = replace(
    TABLE, classes=(), number=NumberTarget(column=Column(name="price", fill=250_000.0), std=80_000.0), target="price"
)
MODELS: dict[str, tuple[DataSpec, str, Mapping[str, Any]]] = {
    "images": (IMAGES, "cnn", {"width": 0.125}),
    "a table": (TABLE, "mlp", {"hidden_size": 8}),
    "numbers": (PRICES, "mlp", {"hidden_size": 8, "blocks": "residual"}),
    "a recurrent table": (TABLE, "lstm", {"hidden_size": 4, "num_layers": 2}),
    "texts": (TEXTS, "lstm", {"hidden_size": 4, "embedding_size": 6, "max_length": 9}),
    "texts with attention": (TEXTS, "bilstm_attention", {"hidden_size": 4, "embedding_size": 6}),
    "whole texts": (TEXTS, "lstm", {"hidden_size": 4, "embedding_size": 6, "max_length": 12}),
}


def small_model(name: str) -> tuple[Classifier, DataSpec]:
    """One of MODELS, whose batch norms have seen data, with weights that are the same every time."""
    data, model, arguments = MODELS[name]
    torch.manual_seed(0)
    built = build_classifier(data, model, arguments)
    settle(built, raw_samples(data, 64))
    return built.eval(), data


def raw_samples(data: DataSpec, count: int, seed: int = 0) -> Tensor:
    """Raw samples of the task; texts of all lengths."""
    rng = torch.Generator().manual_seed(seed)
    if data.task == "image":
        return torch.randint(0, 256, (count, *data.shape), generator=rng, dtype=torch.uint8)
    if data.task == "text":
        tokens = torch.randint(1, len(data.vocabulary) + 2, (count, *data.shape), generator=rng, dtype=torch.int16)
        for row, words in enumerate(torch.randint(1, data.shape[0] + 1, (count,), generator=rng).tolist()):
            tokens[row, words:] = 0
        return tokens
    mean, std = (torch.tensor(values, dtype=torch.float64) for values in (data.mean, data.std))
    rows = mean + std * torch.randn(count, *data.shape, generator=rng, dtype=torch.float64)
    rows[:, 1:4] = torch.eye(3, dtype=torch.float64)[torch.randint(0, 3, (count,), generator=rng)]
    return rows
