"""A trained model on disk: weights (safetensors) and how to build it (JSON). Loading it runs no pickle."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from tuner.core.errors import TunerError, check_name, one_line
from tuner.core.files import write_atomic
from tuner.core.own_code import adopt_folder, is_own, keep_in, typed
from tuner.data.dates import PARTS
from tuner.data.encoding import Raw, Tell, to_inputs
from tuner.data.spec import Column, DataSpec, NumberTarget
from tuner.data.times import Clock
from tuner.training.classifier import Classifier, build_classifier, model_bytes, predict_logits

DESCRIPTION_FILE = "model.json"
_DIMENSIONS = {"image": 3, "tabular": 1, "text": 1}


@dataclass(frozen=True)
class ModelDescription:
    """How to build a saved model."""

    data: DataSpec
    model: str
    arguments: Mapping[str, Any]

    def save(self, folder: Path) -> None:
        """Writes the file."""
        text = json.dumps(asdict(self), indent=2) + "\n"
        write_atomic(folder / DESCRIPTION_FILE, lambda file: file.write(text.encode()))

    @classmethod
    def load(cls, folder: Path) -> ModelDescription:
        """Reads the file.

        Raises:
            TunerError: it is missing or damaged, or has an impossible value.
        """
        path = folder / DESCRIPTION_FILE
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            description = cls(DataSpec.from_json(raw["data"]), raw["model"], raw["arguments"])
        except OSError as error:
            raise TunerError(f"cannot load the model in {folder}: {DESCRIPTION_FILE}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise TunerError(f"{path} is damaged: {type(error).__name__}: {one_line(error)}") from None
        for name, good in description.examine().items():
            if not good:
                raise TunerError(f"{path} is damaged: '{name}' has an impossible value")
        for name in description.data.classes:
            check_name(name, f"{path}: the class")
        return description

    def examine(self) -> dict[str, bool]:
        """Whether each value has a valid type and size."""
        data = self.data
        dimensions = _DIMENSIONS.get(data.task) if isinstance(data.task, str) else None
        shape = _all(data.shape, int) and len(data.shape) == dimensions and min(data.shape) > 0
        return {
            "name": isinstance(data.name, str),
            "task": dimensions is not None,
            "shape": shape,
            "classes": _all(data.classes, str) and _classes_fit(data),
            "number": data.number is None or _number_fits(data.number),
            "mean": _all(data.mean, int, float),
            "std": _all(data.std, int, float),
            "augment": _all(data.augment, str),
            "white": _is(data.white, int) and data.white > 0,
            "ground": _is(data.ground, int) and data.ground in (0, 128, 255),
            "levels": _levels_fit(data.levels),
            "vocabulary": _all(data.vocabulary, str),
            "text": isinstance(data.text, str),
            "columns": _columns_fit(data) if shape else False,
            "target": isinstance(data.target, str),
            "threshold": _is(data.threshold, float) and 0 <= data.threshold <= 1,
            "training_range": _range_fits(data) if shape else False,
            "model": isinstance(self.model, str),
            "arguments": isinstance(self.arguments, dict),
        }


def _classes_fit(data: DataSpec) -> bool:
    """Whether there are two or more different ones, or none where a number is predicted."""
    if data.number is not None:
        return not data.classes
    return len(set(data.classes)) == len(data.classes) > 1


def _number_fits(number: NumberTarget) -> bool:
    return (
        _good_column(number.column)
        and number.column.kind == "number"
        and _is(number.std, int, float)
        and number.std > 0
    )


def _levels_fit(levels: Any) -> bool:
    return _all(levels, int, float) and (not levels or (len(levels) == 2 and levels[0] < levels[1]))


def _columns_fit(data: DataSpec) -> bool:
    good = all(map(_good_column, data.columns))
    return good and (not data.columns or sum(column.width for column in data.columns) == data.shape[0])


def _range_fits(data: DataSpec) -> bool:
    """Whether there is a pair for each feature or measure; models of earlier versions have none."""
    pairs = all(_all(pair, int, float) and len(pair) == 2 for pair in data.training_range)
    measures = {"image": 3, "text": 1}.get(data.task, data.shape[0])
    return pairs and len(data.training_range) in (0, measures)


def _good_column(column: Column) -> bool:
    signs = column.decimal in (".", ",") and column.thousands in ("", ",", ".", " ", "'")
    dates = bool(column.parts) == bool(column.date_order)
    return (
        all(isinstance(text, str) for text in (column.name, column.decimal, column.thousands, column.unit))
        and signs
        and type(column.scaled) is bool
        and _all(column.categories, str)
        and _all(column.missing, str)
        and _is(column.fill, int, float)
        and dates
        and len(column.kinds) == 1
        and column.date_order in ("", "ymd", "dmy", "mdy")
        and _is(column.latest_year, int)
        and column.clock in ("", *get_args(Clock))
        and isinstance(column.parts, tuple)
        and all(part in PARTS for part in column.parts)
    )


def _all(values: Any, *kinds: type) -> bool:
    return isinstance(values, tuple) and all(_is(value, *kinds) for value in values)


def _is(value: Any, *kinds: type) -> bool:
    return type(value) in kinds and (isinstance(value, str) or math.isfinite(value))


WEIGHTS = "weights.safetensors"


def save_model(
    folder: Path, data: DataSpec, model: str, arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """Writes the two files into a new `folder`, and a user's own code of the model beside them.

    The description comes last, when the others are complete.
    """
    content = save({name: value.cpu().contiguous() for name, value in weights.items()})
    write_atomic(folder / WEIGHTS, lambda file: file.write(content))
    keep_in(folder, model=model)
    ModelDescription(data, model, dict(arguments)).save(folder)


def load_model(folder: Path) -> tuple[Classifier, DataSpec]:
    """The model in `folder`, on the CPU and in evaluation mode, and the data that it was made for.

    If it is of a user's own code, the copy of the code that is there is run.

    Raises:
        TunerError: a file is missing or damaged, or is from another version of the model.
    """
    description = ModelDescription.load(folder)
    data = description.data
    adopt_folder(folder)
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


def own_code_in(folder: Path) -> str:
    """The file of a user's own code that loading the model in `folder` runs; empty for a model of the catalog."""
    model = ModelDescription.load(folder).model
    return typed(model) if is_own(model) else ""


def _check_size(description: ModelDescription, weights: Path) -> None:
    """Raises TunerError when the model would be larger than its weights, before it takes memory."""
    there = weights.stat().st_size
    needed = model_bytes(description.data, description.model, description.arguments)
    if needed is not None and needed > there:
        raise TunerError(f"{weights} has {there:,} bytes, and the model needs {needed:,}")


def probabilities(
    model: Classifier, data: DataSpec, raw: Raw, *, tell: Tell | None = None, files: bool = True
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
    model: Classifier, number: NumberTarget, data: DataSpec, raw: Raw, *, tell: Tell | None = None
) -> NDArray[np.float64]:
    """(samples,) what a model that predicts a number says of raw samples, in the unit of the target.

    Raises:
        TunerError: the samples have the wrong kind or shape.
    """
    result: NDArray[np.float64] = number.unscaled(predict_logits(model, to_inputs(data, raw, tell=tell))).numpy()
    return result


def answers(
    model: Classifier, data: DataSpec, raw: Raw, *, tell: Tell | None = None, files: bool = True
) -> pd.DataFrame:
    """A row for each raw sample: a column of probabilities for each class, or one of numbers, named as the target.

    Raises:
        TunerError: the samples have the wrong kind or shape.
    """
    if data.number is not None:
        return pd.DataFrame({data.number.name: numbers(model, data.number, data, raw, tell=tell)})
    return pd.DataFrame(probabilities(model, data, raw, tell=tell, files=files), columns=list(data.classes))
