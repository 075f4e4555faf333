"""How to build a saved model: JSON that is checked value by value, since it may come from anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from tuner.core.errors import TunerError, check_name, one_line
from tuner.core.files import write_atomic
from tuner.data.dates import PARTS
from tuner.data.spec import Column, DataSpec, NumberTarget
from tuner.data.times import Clock

DESCRIPTION_FILE = "model.json"
ENSEMBLE = "ensemble"
_DIMENSIONS = {"image": 3, "tabular": 1, "text": 1}


@dataclass(frozen=True)
class Member:
    """One model of an ensemble."""

    model: str
    arguments: Mapping[str, Any]
    weight: float
    """Its share in the mean of the answers; those of all members sum to 1."""


@dataclass(frozen=True)
class ModelDescription:
    """How to build a saved model."""

    data: DataSpec
    model: str
    """The name of the catalog or of a user's own code; ENSEMBLE for one that has members."""
    arguments: Mapping[str, Any]
    members: tuple[Member, ...] = ()
    """The models of an ensemble; none for a single model."""

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all models that are built, each once."""
        return tuple(dict.fromkeys(member.model for member in self.members)) or (self.model,)

    def save(self, folder: Path) -> None:
        """Writes the file."""
        write_atomic(folder / DESCRIPTION_FILE, lambda file: file.write(self.to_text().encode()))

    def to_text(self) -> str:
        """As the file has it: JSON."""
        known = {name: value for name, value in asdict(self).items() if name != "members" or self.members}
        return json.dumps(known, indent=2) + "\n"

    @classmethod
    def load(cls, folder: Path) -> ModelDescription:
        """Reads the file.

        Raises:
            TunerError: it is missing or damaged, or has an impossible value.
        """
        path = folder / DESCRIPTION_FILE
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise TunerError(f"cannot load the model in {folder}: {DESCRIPTION_FILE}: {error.strerror}") from None
        except ValueError as error:
            raise TunerError(f"{path} is damaged: {type(error).__name__}: {one_line(error)}") from None
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path) -> ModelDescription:
        """Reads what `to_text` gives. `path` is the file that it was found in, for messages.

        Raises:
            TunerError: it is damaged, or has an impossible value.
        """
        try:
            raw = json.loads(text)
            members = tuple(Member(**each) for each in raw.get("members", ()))
            description = cls(DataSpec.from_json(raw["data"]), raw["model"], raw["arguments"], members)
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
            "members": bool(self.members) == (self.model == ENSEMBLE) and _members_fit(self.members),
        }


def _members_fit(members: tuple[Member, ...]) -> bool:
    good = all(
        isinstance(each.model, str) and isinstance(each.arguments, dict) and _is(each.weight, float) and each.weight > 0
        for each in members
    )
    return good and (not members or math.isclose(sum(each.weight for each in members), 1, abs_tol=1e-6))


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
