"""Cells of a data frame, whatever made it: values become the text that a file would hold, numbers, or dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tuner.data.table_cells import cell_text

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
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf":
            yield series.to_numpy()
        else:
            yield _cells(series.astype(object).to_numpy())


def texts_of(cells: Cells) -> Cells:
    """Each cell as the text that stands for it in a file.

    >>> texts_of(np.array([True, 3.0, 0.1, Decimal("2.50"), "a"], dtype=object)).tolist()
    ['True', '3', '0.1', '2.50', 'a']
    """
    return cells if all_texts(cells) else _array([_text(cell) for cell in cells])


def all_texts(cells: Cells) -> bool:
    """Whether all cells are texts already."""
    return bool(pd.api.types.infer_dtype(cells, skipna=False) == "string")


def is_number(cell: object) -> bool:
    """Whether a cell is a number already, which no separators or units of a column apply to."""
    return isinstance(cell, (Real, Decimal)) and not isinstance(cell, (bool, np.bool_))


def to_floats(cells: Cells) -> NDArray[np.float64]:
    """The values of cells that are numbers; 1e308 for a whole number beyond that."""
    try:
        return np.array(cells, dtype=np.float64)
    except OverflowError:
        large = [isinstance(cell, int) and abs(cell) > 10**308 for cell in cells]
        return np.array([1e308 if beyond else float(cell) for beyond, cell in zip(large, cells, strict=True)])


def _holds_texts(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype) or dtype == np.dtype(object)


def _cells(values: NDArray[np.object_]) -> Cells:
    if all_texts(values):
        return _array([value.strip() for value in values])
    return _array([_plain(value) for value in values])


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    elif isinstance(value, np.timedelta64):
        value = pd.Timedelta(value)
    elif isinstance(value, bytes):  # some databases' drivers give text like this
        value = value.decode("utf-8", errors="replace")
    if isinstance(value, str):
        return value.strip()
    return "" if cell_text(value) == "" else value


def _text(value: Any) -> str:
    text = cell_text(value)
    return str(value).strip() if text is None else text


def _array(values: list[Any]) -> Cells:
    cells = np.empty(len(values), dtype=object)  # np.array would make two dimensions of lists
    cells[:] = values
    return cells
