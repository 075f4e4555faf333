"""Converts raw samples of any task (images, sentences, rows of a table) to model inputs, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.data.columns import examine_rows, refuse_bad
from tuner.data.dates import DAYS, to_datetime
from tuner.data.number_text import PERCENT
from tuner.data.spec import Column, DataSpec
from tuner.data.texts import encode_texts
from tuner.data.times import time_text

TEXT = "text"  # the column of sentences in a data frame
UNKNOWN = "[?]"  # how a word that is not in the vocabulary is shown
Raw = Any  # see `to_inputs`
Tell = Callable[[str], object]


def to_inputs(
    data: DataSpec, raw: Raw, *, tell: Tell | None = None, files: bool = True, most_pixels: int | None = None
) -> Tensor:
    """Converts raw samples to a tensor of shape (samples, *data.shape).

    Args:
        data: what the model was trained on.
        raw: images, see `image_input.image_inputs`. Or sentences: one, a list or series of them, or a data frame with
            one column of text, or with the column of training or `text`. Or rows of a table: a data frame, a dictionary
            of columns or a list of dictionaries, with the names of its columns, and values of any type that pandas has;
            or an array.
        tell: called with a line for each column with categories that training did not know, one on missing values, and
            one for pixels whose values may be meant otherwise.
        files: whether a text may be the path of an image; see `image_inputs`.
        most_pixels: of all images together, see there.

    Raises:
        TunerError: the samples are of another kind or shape, or a row cannot be read; the first is named.
    """
    if data.task == "image":
        from tuner.data.image_input import image_inputs  # noqa: PLC0415 - Pillow is needed for images alone

        return image_inputs(data, raw, files=files, tell=tell, most_pixels=most_pixels)
    if data.task == "text":
        return encode_texts(_sentences(data, raw), data.vocabulary, data.shape[0])
    frame = _rows(data, raw)
    if frame is None:
        return _array(data, raw)
    source = f"samples for a model of {data.name}"
    examined = examine_rows(frame, data.columns, source)
    refuse_bad(examined, frame, source)
    for note in examined.all_notes() if tell else ():
        tell(note)  # type: ignore[misc]
    return examined.features


def to_raw(data: DataSpec, inputs: Tensor) -> NDArray[Any] | pd.DataFrame:
    """The inverse of `to_inputs`, as far as vocabulary and categories allow: for examples, and for people."""
    if data.task == "text":
        return pd.DataFrame({TEXT: [sentence(data, tokens) for tokens in inputs]})
    if not data.columns:
        return inputs.numpy()
    features = torch.split(inputs, [column.width for column in data.columns], dim=1)
    return pd.DataFrame(
        {column.name: _raw_column(column, block) for column, block in zip(data.columns, features, strict=True)}
    )


def sentence(data: DataSpec, tokens: Tensor) -> str:
    """The words of (steps,) tokens."""
    return " ".join(words(data, tokens))


def words(data: DataSpec, tokens: Tensor) -> list[str]:
    """The words of (steps,) tokens, without the padding."""
    return [data.vocabulary[token - 2] if token > 1 else UNKNOWN for token in tokens.tolist() if token]


def _sentences(data: DataSpec, raw: Raw) -> list[str]:
    what = f"samples for a model of {data.name} must be texts"
    if isinstance(raw, Mapping):
        raw = _frame(data, raw)
    if isinstance(raw, pd.DataFrame):
        names = [name for name in raw.columns if pd.api.types.infer_dtype(raw[name], skipna=True) == "string"]
        known = [name for name in (data.text, TEXT) if name in raw.columns]
        chosen = known[0] if known else raw.columns[0] if raw.shape[1] == 1 else None
        if chosen is None and len(names) != 1:
            raise TunerError(f"{what}, in a column '{data.text or TEXT}'")
        raw = raw[names[0] if chosen is None else chosen]
    if isinstance(raw, (str, bytes)):
        raw = [raw]
    found = np.empty(len(raw), dtype=object) if isinstance(raw, (list, tuple)) else np.asarray(raw, dtype=object)
    if isinstance(raw, (list, tuple)):
        found[:] = raw
    if found.ndim == 2 and found.shape[1] != 1:
        raise TunerError(f"{what}, got an array of {found.shape[1]} columns")
    for text in found.ravel():
        if not isinstance(text, str):
            raise TunerError(f"{what}, got {text!r:.80}")
    return [str(text) for text in found.ravel()]


def _rows(data: DataSpec, raw: Raw) -> pd.DataFrame | None:
    """Rows with the names of their columns; None for an array of features."""
    if not data.columns:
        return None
    if isinstance(raw, Mapping) or (isinstance(raw, list) and raw and isinstance(raw[0], Mapping)):
        return _frame(data, raw)
    if isinstance(raw, pd.Series):
        return raw.to_frame().T
    if isinstance(raw, pd.DataFrame) and not _positional(raw):
        return raw
    values = raw if isinstance(raw, (np.ndarray, pd.DataFrame)) else np.asarray(raw, dtype=object)
    if values.ndim == 2 and values.shape[1] == len(data.columns):
        return pd.DataFrame(np.asarray(values), columns=[column.name for column in data.columns])
    return None


def _frame(data: DataSpec, raw: Mapping[str, Any] | list[Mapping[str, Any]]) -> pd.DataFrame:
    """The values stay what they are: pandas would make numbers of whole numbers beside missing ones."""
    if isinstance(raw, list):
        return pd.DataFrame(raw, dtype=object)
    try:
        return pd.DataFrame({name: _values(value) for name, value in raw.items()}, dtype=object)
    except ValueError:
        lengths = ", ".join(f"'{name}' has {len(_values(value))}" for name, value in list(raw.items())[:5])
        raise TunerError(f"samples for a model of {data.name}: columns of different lengths: {lengths}") from None


def _values(value: Any) -> list[Any]:
    """The cells of a column; a single value is one row."""
    if isinstance(value, (list, tuple, pd.Series)):
        return list(value)
    return list(np.atleast_1d(value)) if isinstance(value, np.ndarray) else [value]


def _positional(frame: pd.DataFrame) -> bool:
    """Whether the columns have no names, so that the data frame is a plain array."""
    return all(isinstance(name, int) for name in frame.columns)


def _raw_column(column: Column, block: Tensor) -> list[str | None] | NDArray[np.float64]:
    """The cells of a column: numbers as such, but for those that are read from text alone."""
    if column.kind == "category":
        return [column.categories[int(row.argmax())] if row.any() else None for row in block]
    if column.kind == "date":
        days = block[:, column.parts.index(DAYS)].double().tolist()
        return [to_datetime(day).isoformat(sep=" ").removesuffix(" 00:00:00") for day in days]
    if column.kind == "time":
        return [time_text(hours) for hours in block[:, 0].double().tolist()]
    numbers: NDArray[np.float64] = block[:, 0].double().numpy()
    if column.unit == PERCENT or column.thousands == ".":
        unit = PERCENT if column.unit == PERCENT else ""
        return [f"{number:.15g}{unit}".replace(".", column.decimal) for number in numbers]
    return numbers


def _array(data: DataSpec, raw: Raw) -> Tensor:
    try:
        samples: NDArray[Any] = np.require(np.asarray(raw), requirements=["C", "W"])  # torch needs writable memory
    except ValueError as error:
        raise TunerError(f"samples for a model of {data.name} must be an array: {error}") from None
    if samples.dtype.kind not in "buif":
        raise TunerError(f"samples for a model of {data.name} must be numbers, got {samples.dtype}")
    if samples.shape[1:] != data.shape:
        raise TunerError(f"samples of shape {samples.shape[1:]} for a model of {data.name}, which takes {data.shape}")
    return torch.from_numpy(samples)
