"""A trained model on disk: its weights (safetensors) and how to build it (JSON). Loading it runs no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from tuner.classifier import Classifier, build_classifier
from tuner.data import DataSpec
from tuner.errors import TunerError, one_line
from tuner.fit import predict_logits
from tuner.inputs import Raw, to_inputs

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
    """The model in `folder`, on the CPU and in evaluation mode, and the data that it was made for.

    Raises:
        TunerError: a file is missing, damaged, or of a version of the model that is not this one.
    """
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        data = DataSpec.from_json(description["data"])
        model = build_classifier(data, description["model"], description["arguments"])
        model.load_state_dict(load_file(folder / WEIGHTS))
    except TunerError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise TunerError(f"cannot load the model in {folder}: {type(error).__name__}: {one_line(error)}") from None
    return model.eval(), data


def probabilities(model: Classifier, data: DataSpec, raw: Raw) -> NDArray[np.float32]:
    """(samples, classes) probabilities of raw samples, see `inputs.to_inputs`.

    Raises:
        TunerError: the samples are of another kind or shape.
    """
    logits = predict_logits(model, to_inputs(data, raw))
    result: NDArray[np.float32] = torch.softmax(logits, 1).numpy()
    return result
