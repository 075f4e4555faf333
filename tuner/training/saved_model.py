"""A trained model on disk: weights (safetensors) and how to build it (JSON). Loading it runs no pickle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from tuner.core.errors import TunerError, one_line
from tuner.core.files import write_atomic
from tuner.core.own_code import adopt_folder, is_own, keep_in, typed
from tuner.data.encoding import Raw, Tell, to_inputs
from tuner.data.spec import DataSpec, NumberTarget
from tuner.training.classifier import Classifier, build_classifier, model_bytes, predict_logits
from tuner.training.model_description import ModelDescription

WEIGHTS = "weights.safetensors"
Built = TypeVar("Built", bound=nn.Module)


def save_model(
    folder: Path, data: DataSpec, model: str, arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """Writes the two files into a new `folder`, and a user's own code of the model beside them.

    The description comes last, when the others are complete.
    """
    write_model(folder, ModelDescription(data, model, dict(arguments)), weights)


def write_model(folder: Path, description: ModelDescription, weights: Mapping[str, Tensor]) -> None:
    """The same for a description, which may be that of an ensemble."""
    content = save({name: value.cpu().contiguous() for name, value in weights.items()})
    write_atomic(folder / WEIGHTS, lambda file: file.write(content))
    models = description.models
    keep_in(folder, **{f"model-{place}" if place else "model": name for place, name in enumerate(models)})
    description.save(folder)


def load_model(folder: Path) -> tuple[Classifier, DataSpec]:
    """The model in `folder`, on the CPU and in evaluation mode, and the data that it was made for.

    If it is of a user's own code, the copy of the code that is there is run.

    Raises:
        TunerError: a file is missing or damaged, or is from another version of the model.
    """
    description = ModelDescription.load(folder)
    data = description.data
    return load_built(folder, description, lambda: build_classifier(data, description.model, description.arguments))


def load_built(folder: Path, description: ModelDescription, build: Callable[[], Built]) -> tuple[Built, DataSpec]:
    """What `build` gives with the weights of `folder`, as of `load_model`."""
    adopt_folder(folder)
    try:
        _check_size(description, folder / WEIGHTS)
        model = build()
        model.load_state_dict(load_file(folder / WEIGHTS))
    except TunerError as error:
        place = "" if str(folder) in str(error) else f"cannot load the model in {folder}: "
        raise TunerError(f"{place}{error}") from None
    except (OSError, ArithmeticError, LookupError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        raise TunerError(f"cannot load the model in {folder}: {type(error).__name__}: {one_line(error)}") from None
    return model.eval(), description.data


def own_code_in(folder: Path) -> str:
    """The files of a user's own code that loading the model in `folder` runs; empty for models of the catalog."""
    return ", ".join(typed(model) for model in ModelDescription.load(folder).models if is_own(model))


def _check_size(description: ModelDescription, weights: Path) -> None:
    """Raises TunerError when the model would be larger than its weights, before it takes memory."""
    there, data = weights.stat().st_size, description.data
    each = [(member.model, member.arguments) for member in description.members]
    sizes = [model_bytes(data, *one) for one in each or [(description.model, description.arguments)]]
    needed = sum(size or 0 for size in sizes)
    if needed > there:
        raise TunerError(f"{weights} has {there:,} bytes, and the model needs {needed:,}")


def probabilities(
    model: nn.Module, data: DataSpec, raw: Raw, *, tell: Tell | None = None, files: bool = True
) -> NDArray[np.float32]:
    """(samples, classes) probabilities of raw samples; for the arguments see `tuner.data.encoding.to_inputs`.

    Raises:
        TunerError: the samples have the wrong kind or shape.
    """
    return to_probabilities(predict_logits(model, to_inputs(data, raw, tell=tell, files=files)))


def to_probabilities(logits: Tensor) -> NDArray[np.float32]:
    """(samples, classes) probabilities of (samples, classes) logits."""
    result: NDArray[np.float32] = torch.softmax(logits, 1).numpy()
    return result


def numbers(
    model: nn.Module, number: NumberTarget, data: DataSpec, raw: Raw, *, tell: Tell | None = None
) -> NDArray[np.float64]:
    """(samples,) what a model that predicts a number says of raw samples, in the unit of the target.

    Raises:
        TunerError: the samples have the wrong kind or shape.
    """
    result: NDArray[np.float64] = number.unscaled(predict_logits(model, to_inputs(data, raw, tell=tell))).numpy()
    return result


def answers(
    model: nn.Module, data: DataSpec, raw: Raw, *, tell: Tell | None = None, files: bool = True
) -> pd.DataFrame:
    """A row for each raw sample: a column of probabilities for each class, or one of numbers, named as the target.

    Raises:
        TunerError: the samples have the wrong kind or shape.
    """
    if data.number is not None:
        return pd.DataFrame({data.number.name: numbers(model, data.number, data, raw, tell=tell)})
    return pd.DataFrame(probabilities(model, data, raw, tell=tell, files=files), columns=list(data.classes))
