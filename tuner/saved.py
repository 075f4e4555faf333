"""A trained model on disk: its weights (safetensors) and how to build it (JSON). Loading it runs no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from tuner.classifier import Classifier, build_classifier
from tuner.data import DataSpec
from tuner.errors import TunerError
from tuner.fit import predict_logits

WEIGHTS = "weights.safetensors"
DESCRIPTION = "model.json"


def save_model(
    folder: Path, data: DataSpec, model: str, arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """Writes the two files into `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.cpu().contiguous() for name, value in weights.items()}, folder / WEIGHTS)
    description = {"data": asdict(data), "model": model, "arguments": dict(arguments)}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def load_model(folder: Path) -> tuple[Classifier, DataSpec]:
    """The model in `folder`, on the CPU and in evaluation mode, and the data that it was made for."""
    description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    raw: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in description["data"].items()}
    data = DataSpec(**raw)
    model = build_classifier(data, description["model"], description["arguments"])
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval(), data


def probabilities(model: Classifier, data: DataSpec, raw: ArrayLike) -> NDArray[np.float32]:
    """(samples, classes) probabilities of raw samples of shape (samples, *data.shape).

    Raises:
        TunerError: the samples have another shape.
    """
    try:
        samples = np.require(np.asarray(raw), requirements=["C", "W"])  # torch wants memory that it may write to
    except ValueError as error:
        raise TunerError(f"samples for a model of {data.name} must be an array: {error}") from None
    if samples.dtype.kind not in "buif":
        raise TunerError(f"samples for a model of {data.name} must be numbers, got {samples.dtype}")
    if samples.shape[1:] != data.shape:
        raise TunerError(f"samples of shape {samples.shape[1:]} for a model of {data.name}, which takes {data.shape}")
    logits = predict_logits(model, torch.from_numpy(samples))
    result: NDArray[np.float32] = torch.softmax(logits, 1).numpy()
    return result
