"""Cells of rows to predict that say nothing to the model: categories that training did not have, missing numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.data.categories import UNKNOWN, Categories
from tuner.data.column_values import read_dates
from tuner.data.dates import Order
from tuner.data.missing import is_missing
from tuner.data.spec import Column, DataSpec
from tuner.training.sample_notes import MOST_NAMED, Note

UNKNOWN_KIND = "a category that training did not have"
MISSING_KIND = "a missing value, for which the mean of training is taken"


def cell_notes(data: DataSpec, frame: pd.DataFrame, features: Tensor) -> list[tuple[Note, ...]]:
    """Notes on each row.

    Args:
        data: what the model was trained on.
        frame: the rows as text.
        features: (rows, *data.shape) the same rows as the model sees them.
    """
    unknown: list[list[str]] = [[] for _ in range(len(frame))]
    missing: list[list[str]] = [[] for _ in range(len(frame))]
    for column, block in zip(data.columns, torch.split(features, [c.width for c in data.columns], dim=1), strict=True):
        cells = frame[column.name].tolist()
        categories = Categories(column.categories)
        for row in _candidates(column, cells, block.numpy()):
            text = cells[row].strip()
            if not column.categories:
                if column.date_order or text in ("", *column.missing) or is_missing(text):
                    missing[row].append(f"'{column.name}'")
            elif categories.places([text]) == [UNKNOWN]:
                unknown[row].append(f"{column.name} '{text}'")
    return [
        (*_note(UNKNOWN_KIND, unread), *_note(MISSING_KIND, names))
        for unread, names in zip(unknown, missing, strict=True)
    ]


def _candidates(column: Column, cells: Sequence[str], block: NDArray[np.float64]) -> Sequence[int]:
    """The rows whose features are those of a cell that says nothing."""
    if column.categories:
        rows = ~block.any(axis=1)
    elif column.date_order:
        days, _ = read_dates(np.array(cells, dtype=object), cast(Order, column.date_order), column.missing)
        rows = np.isnan(days)
    else:
        rows = block[:, 0] == column.fill
    return [int(row) for row in np.flatnonzero(rows)]


def _note(kind: str, names: Sequence[str]) -> tuple[Note, ...]:
    return (Note(kind, ", ".join(names[:MOST_NAMED]), tuple(names)),) if names else ()
