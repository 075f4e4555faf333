"""How columns of made-up tables are read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tuner.data.column_decisions import FittedColumns, fit_columns
from tuner.data.spec import Column


def frame(**columns: list[str]) -> pd.DataFrame:
    """A table of text."""
    return pd.DataFrame(columns, dtype=object)


def fit(rows: pd.DataFrame, training: int | None = None) -> FittedColumns:
    """With the first rows as the training split, by default all."""
    return fit_columns(rows, np.arange(len(rows) if training is None else training))


def only(cells: list[str], training: int | None = None) -> tuple[Column, tuple[str, ...]]:
    """How a single column is read, and the notes on it."""
    fitted = fit(frame(x=cells), training)
    assert len(fitted.columns) == 1, fitted.left_out
    return fitted.columns[0], fitted.notes
