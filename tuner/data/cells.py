"""Cells of a data frame, whatever made it: values become the text that a file would hold, numbers, or dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Cells = NDArray[Any]
"""(rows,) cells of a column: texts, integers, floats, or objects of any type. A missing object is an empty text."""


def columns_of(frame: pd.DataFrame, places: Sequence[int]) -> Iterator[Cells]:
    """The cells of columns, with no spaces around texts. Thousands of columns of text take a second."""
    if all(_holds_texts(dtype) for dtype in set(frame.dtypes)):
        table = frame.to_numpy(dtype=object)
        for place in places:
            yield _cells(table[:, place])
        return
    for place in places:
        series = frame.iloc[:, place]
        values = series.to_numpy() if isinstance(series.dtype, np.dtype) else series.astype(object).to_numpy()
        yield values if values.dtype.kind in "iuf" else _cells(values.astype(object))


def texts_of(cells: Cells) -> Cells:
    """Each cell as the text that stands for it in a file.

    >>> texts_of(np.array([True, 3.0, 0.1, Decimal("2.50"), date(2025, 1, 2), "a"], dtype=object)).tolist()
    ['True', '3', '0.1', '2.50', '2025-01-02', 'a']
    """
    return cells if all_texts(cells) else _array([_text(_plain(cell)) for cell in cells])


def all_texts(cells: Cells) -> bool:
    """Whether all cells are texts already."""
    return bool(pd.api.types.infer_dtype(cells, skipna=False) == "string")


def is_number(cell: object) -> bool:
    """Whether a cell is a number already, which no separators or units of a column apply to."""
    return isinstance(cell, (Real, Decimal)) and not isinstance(cell, (bool, np.bool_))


def _holds_texts(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype) or dtype == np.dtype(object)


def _cells(values: NDArray[np.object_]) -> Cells:
    if all_texts(values):
        return _array([value.strip() for value in values])
    return _array([_plain(value) for value in values])


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, (float, np.floating, Decimal)) and value != value:  # noqa: PLR0124 - NaN
        return ""
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else pd.Timestamp(value)
    if isinstance(value, bytes):  # some databases' drivers give text like this
        return value.decode("utf-8", errors="replace").strip()
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(float(value)) < 1e16:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return str(value).strip()


def _array(values: list[Any]) -> Cells:
    cells = np.empty(len(values), dtype=object)  # np.array would make two dimensions of lists
    cells[:] = values
    return cells
