"""A trained model on disk: its weights (safetensors) and how to build it (JSON). Loading it runs no pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from tuner.classifier import Classifier, build_classifier
from tuner.data import DataSpec
from tuner.description import Description
from tuner.errors import TunerError, one_line
from tuner.files import write_atomic
from tuner.fit import predict_logits
from tuner.inputs import Raw, to_inputs
from tuner.outline import model_bytes

WEIGHTS = "weights.safetensors"


def save_model(
    folder: Path, data: DataSpec, model: str, arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """Writes the two files into `folder`, which is made: the description last, so that it tells of whole weights."""
    content = save({name: value.cpu().contiguous() for name, value in weights.items()})
    write_atomic(folder / WEIGHTS, lambda file: file.write(content))
    Description(data, model, dict(arguments)).save(folder)


def load_model(folder: Path) -> tuple[Classifier, DataSpec]:
    """The model in `folder`, on the CPU and in evaluation mode, and the data that it was made for.

    Raises:
        TunerError: a file is missing, damaged, or of a version of the model that is not this one.
    """
    description = Description.load(folder)
    data = description.data
    try:
        _check_size(description, folder / WEIGHTS)
        model = build_classifier(data, description.model, description.arguments)
        model.load_state_dict(load_file(folder / WEIGHTS))
    except TunerError as error:
        place = "" if str(folder) in str(error) else f"cannot load the model in {folder}: "
        raise TunerError(f"{place}{error}") from None
    except (OSError, ArithmeticError, LookupError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        raise TunerError(f"cannot load the model in {folder}: {type(error).__name__}: {one_line(error)}") from None
    return model.eval(), data


def _check_size(description: Description, weights: Path) -> None:
    """Raises TunerError when the model would be larger than its weights, before it takes memory."""
    there = weights.stat().st_size
    needed = model_bytes(description.data, description.model, description.arguments)
    if needed is not None and needed > there:
        raise TunerError(f"{weights} has {there:,} bytes, and the model needs {needed:,}")


def probabilities(model: Classifier, data: DataSpec, raw: Raw) -> NDArray[np.float32]:
    """(samples, classes) probabilities of raw samples, see `inputs.to_inputs`.

    Raises:
        TunerError: the samples are of another kind or shape.
    """
    logits = predict_logits(model, to_inputs(data, raw))
    result: NDArray[np.float32] = torch.softmax(logits, 1).numpy()
    return result
