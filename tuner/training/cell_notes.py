"""Cells of rows to predict that say nothing to the model: categories that training did not have, missing numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from tuner.data.categories import UNKNOWN, Categories
from tuner.data.columns import ExaminedRows
from tuner.data.spec import Column
from tuner.training.sample_notes import MOST_NAMED, Note

UNKNOWN_KIND = "a category that training did not have"
MISSING_KIND = "a missing value, for which the mean of training is taken"


def cell_notes(columns: Sequence[Column], frame: pd.DataFrame, examined: ExaminedRows) -> list[tuple[Note, ...]]:
    """Notes on each row.

    Args:
        columns: how each column is read.
        frame: the rows as text.
        examined: the same rows as they were read.
    """
    unknown: list[list[str]] = [[] for _ in range(len(frame))]
    missing: list[list[str]] = [[] for _ in range(len(frame))]
    blocks = torch.split(examined.features, [column.width for column in columns], dim=1)
    for column, block in zip(columns, blocks, strict=True):
        if column.kind == "category":
            cells, categories = frame[column.name].tolist(), Categories(column.categories)
            for row in np.flatnonzero(~block.numpy().any(axis=1)):
                text = cells[row].strip()
                if categories.places([text]) == [UNKNOWN]:
                    unknown[row].append(f"{column.name} '{text}'")
        elif column.name in examined.missing:
            for row in np.flatnonzero(examined.missing[column.name]):
                missing[row].append(f"'{column.name}'")
    return [
        (*_note(UNKNOWN_KIND, unread), *_note(MISSING_KIND, names))
        for unread, names in zip(unknown, missing, strict=True)
    ]


def _note(kind: str, names: Sequence[str]) -> tuple[Note, ...]:
    return (Note(kind, ", ".join(names[:MOST_NAMED]), tuple(names)),) if names else ()
