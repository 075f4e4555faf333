"""The values of a column's cells: the numbers, dates and times that they stand for, read in one way for the column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tuner.data.cells import Cells, all_texts, is_number, texts_of, to_floats
from tuner.data.centuries import LATEST
from tuner.data.dates import Order, parse_date, to_days
from tuner.data.missing import is_missing
from tuner.data.number_text import LARGEST, PERCENT, PLAIN, NumberStyle, parse_number, simple_numbers
from tuner.data.spec import Column
from tuner.data.times import Clock, parse_time, typed_time

Numbers = NDArray[np.float64]


class ColumnTexts(NamedTuple):
    """The cells of a column of text."""

    texts: Cells
    """(rows,) without spaces around them."""
    plain: Numbers
    """(rows,) what `simple_numbers` finds in them, written as Python writes numbers."""


def read_numbers(
    cells: Cells, style: NumberStyle, missing: Sequence[str] = (), *, plain: Numbers | None = None
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The numbers of cells, NaN where there is none, and which cells are neither missing nor a number.

    Text is read in the style. A value that is a number already is that number, but not in a column of percentages,
    where 0.12 and 12 may both mean 12 %. Where all cells are text, `plain` saves time: see `ColumnTexts`.
    """
    words = frozenset(missing)
    if all_texts(cells):
        simple = plain.copy() if plain is not None and style == PLAIN else simple_numbers(cells, style)
        return _read_texts(cells, simple, style, words)
    numbers = np.full(len(cells), np.nan)
    broken = np.zeros(len(cells), dtype=bool)
    numeric = cells.dtype.kind in "iuf"
    typed = ~broken if numeric else np.fromiter(map(is_number, cells), dtype=bool, count=len(cells))
    numbers[typed] = to_floats(cells[typed])
    floats = cells.dtype.kind == "f" or any(isinstance(cell, float) for cell in cells[typed])
    broken[typed] = _doubtful(numbers[typed], style, floats=floats)
    texts = texts_of(cells[~typed])
    numbers[~typed], broken[~typed] = _read_texts(texts, simple_numbers(texts, style), style, words)
    numbers[broken | ~np.isfinite(numbers)] = np.nan
    return numbers, broken


def read_dates(
    cells: Cells, order: Order, missing: Sequence[str] = (), latest: int = LATEST
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The days since 1970 of cells, NaN where there is none, and which cells are neither missing nor a date.

    A day in `missing` stands for a missing value however it is written, and whatever time is with it.
    """
    days: dict[str, float | None] = {"": np.nan, **dict.fromkeys(missing, np.nan)}
    none_meant = {parse_date(text, "ymd") for text in missing} - {None}

    def known(day: float | None) -> float | None:
        return np.nan if none_meant and day is not None and day // 1 in none_meant else day

    def day(cell: object) -> float | None:
        if isinstance(cell, date):  # a datetime and a pandas Timestamp are dates too
            return known(to_days(cell))
        text = str(cell)
        if text not in days:
            days[text] = np.nan if is_missing(text) else known(parse_date(text, order, latest))
        return days[text]

    return _found([day(cell) for cell in (cells if cells.dtype == object else texts_of(cells))])


def read_times(cells: Cells, clock: Clock, missing: Sequence[str] = ()) -> tuple[Numbers, NDArray[np.bool_]]:
    """The hours of cells, NaN where there is none, and which cells are neither missing nor a time."""
    known: dict[str, float | None] = {"": np.nan, **dict.fromkeys(missing, np.nan)}

    def hours(cell: object) -> float | None:
        if isinstance(cell, time | timedelta):
            return typed_time(cell, clock)
        text = str(cell)
        if text not in known:
            known[text] = np.nan if is_missing(text) else parse_time(text, clock)
        return known[text]

    return _found([hours(cell) for cell in (cells if cells.dtype == object else texts_of(cells))])


def style_of(column: Column) -> NumberStyle:
    """How the numbers of a column are written."""
    return NumberStyle(column.decimal, column.thousands, column.unit, column.scaled)


def _found(values: Sequence[float | None]) -> tuple[Numbers, NDArray[np.bool_]]:
    """Values with NaN for None, and which are None."""
    broken = np.array([value is None for value in values], dtype=bool)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64), broken


def _doubtful(numbers: Numbers, style: NumberStyle, *, floats: bool) -> NDArray[np.bool_]:
    """Which values that are numbers already cannot be taken as they are.

    Where points separate thousands, pandas.read_csv makes 12.5 of 12.500: floats below 1000 may be just that.
    """
    finite = np.isfinite(numbers)
    known = np.abs(numbers[finite])
    if style.unit == PERCENT:
        return finite
    if floats and style.thousands == "." and (known < 1000).all() and np.allclose(known * 1000 % 1, 0, atol=1e-9):
        return finite
    return finite & (np.abs(numbers) > LARGEST)


def _read_texts(
    texts: Cells, numbers: Numbers, style: NumberStyle, missing: frozenset[str]
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Reads the texts of which `numbers`, the result of `simple_numbers`, knows nothing."""
    broken = np.zeros(len(texts), dtype=bool)
    known: dict[str, float | None] = {"": np.nan, **dict.fromkeys(missing, np.nan)}
    for place in np.flatnonzero(~(np.abs(numbers) <= LARGEST)):
        text = texts[place]
        if text not in known:
            known[text] = np.nan if is_missing(text) else parse_number(text, style)
        value = known[text]
        broken[place] = value is None
        numbers[place] = np.nan if value is None else value
    return numbers, broken
