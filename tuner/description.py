"""What a saved model was trained on and how it is built. Its file may come from anybody, so all of it is checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tuner.data import DataSpec
from tuner.errors import TunerError, check_name, one_line
from tuner.files import write_atomic

FILE = "model.json"
_DIMENSIONS = {"image": 3, "tabular": 1, "text": 1}


@dataclass(frozen=True)
class Description:
    """How to build a saved model."""

    data: DataSpec
    model: str
    arguments: Mapping[str, Any]

    def save(self, folder: Path) -> None:
        """Writes the file."""
        text = json.dumps(asdict(self), indent=2) + "\n"
        write_atomic(folder / FILE, lambda file: file.write(text.encode()))

    @classmethod
    def load(cls, folder: Path) -> Description:
        """Reads the file.

        Raises:
            TunerError: it is missing or damaged, or says what no data can be.
        """
        path = folder / FILE
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            description = cls(DataSpec.from_json(raw["data"]), raw["model"], raw["arguments"])
        except OSError as error:
            raise TunerError(f"cannot load the model in {folder}: {FILE}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise TunerError(f"{path} is damaged: {type(error).__name__}: {one_line(error)}") from None
        for name, good in description.examine().items():
            if not good:
                raise TunerError(f"{path} is damaged: '{name}' is none that a model can have")
        for name in description.data.classes:
            check_name(name, f"{path}: the class")
        return description

    def examine(self) -> dict[str, bool]:
        """Whether each value is of the type and size that it must be."""
        data = self.data
        dimensions = _DIMENSIONS.get(data.task) if isinstance(data.task, str) else None
        shape = _all(data.shape, int) and len(data.shape) == dimensions and min(data.shape) > 0
        return {
            "name": isinstance(data.name, str),
            "task": dimensions is not None,
            "shape": shape,
            "classes": _all(data.classes, str) and len(set(data.classes)) == len(data.classes) > 1,
            "mean": _all(data.mean, int, float),
            "std": _all(data.std, int, float),
            "augment": _all(data.augment, str),
            "white": _is(data.white, int) and data.white > 0,
            "vocabulary": _all(data.vocabulary, str),
            "columns": _columns_fit(data) if shape else False,
            "model": isinstance(self.model, str),
            "arguments": isinstance(self.arguments, dict),
        }


def _columns_fit(data: DataSpec) -> bool:
    good = all(isinstance(c.name, str) and _all(c.categories, str) and _is(c.fill, int, float) for c in data.columns)
    return good and (not data.columns or sum(column.width for column in data.columns) == data.shape[0])


def _all(values: Any, *kinds: type) -> bool:
    return isinstance(values, tuple) and all(_is(value, *kinds) for value in values)


def _is(value: Any, *kinds: type) -> bool:
    return type(value) in kinds and (isinstance(value, str) or math.isfinite(value))
