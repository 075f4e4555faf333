"""Converts raw samples of any task (arrays of pixels, sentences, rows of a table) to model inputs, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.data.columns import encode_rows
from tuner.data.dates import DAYS, to_datetime
from tuner.data.number_text import PERCENT
from tuner.data.spec import Column, DataSpec
from tuner.data.texts import encode_texts

TEXT = "text"  # the column of sentences in a data frame
UNKNOWN = "[?]"  # how a word that is not in the vocabulary is shown
Raw = Any  # an array, a data frame or sentences: see `to_inputs`


def to_inputs(data: DataSpec, raw: Raw) -> Tensor:
    """Converts raw samples to a tensor of shape (samples, *data.shape).

    Args:
        data: what the model was trained on.
        raw: an array of that shape (images, and tables of numbers), sentences (a list, or a data frame with the
            column `text`), or a data frame with the columns of the table.

    Raises:
        TunerError: the samples are of another kind or shape.
    """
    if data.task == "text":
        return encode_texts(_sentences(data, raw), data.vocabulary, data.shape[0])
    if data.columns and isinstance(raw, pd.DataFrame) and not _positional(raw):
        return encode_rows(raw, data.columns, f"samples for a model of {data.name}")
    return _array(data, raw)


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
    if isinstance(raw, pd.DataFrame):
        if raw.shape[1] != 1 and TEXT not in raw.columns:
            raise TunerError(f"samples for a model of {data.name} must be texts, in a column '{TEXT}'")
        raw = raw[TEXT] if TEXT in raw.columns else raw.iloc[:, 0]
    texts = [raw] if isinstance(raw, str) else list(np.asarray(raw, dtype=object).ravel())
    for text in texts:
        if not isinstance(text, str):
            raise TunerError(f"samples for a model of {data.name} must be texts, got {text!r}")
    return texts


def _positional(frame: pd.DataFrame) -> bool:
    """Whether the columns have no names, so that the data frame is a plain array."""
    return all(isinstance(name, int) for name in frame.columns)


def _raw_column(column: Column, block: Tensor) -> list[str | None] | NDArray[np.float64]:
    """The cells of a column: numbers as such, but for percentages, which are read from text alone."""
    if column.categories:
        return [column.categories[int(row.argmax())] if row.any() else None for row in block]
    if column.date_order:
        days = block[:, column.parts.index(DAYS)].double().tolist()
        return [to_datetime(day).isoformat(sep=" ").removesuffix(" 00:00:00") for day in days]
    numbers: NDArray[np.float64] = block[:, 0].double().numpy()
    if column.unit == PERCENT:
        return [f"{number:.15g}%".replace(".", column.decimal) for number in numbers]
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
