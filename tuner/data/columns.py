"""Rows of a table become features, column by column, as `Column` says: in training, in prediction and when served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError, quoted
from tuner.core.units import counted
from tuner.data.categories import MISSING, UNKNOWN, Categories
from tuner.data.cells import Cells, columns_of, is_number, texts_of
from tuner.data.column_values import Numbers, read_dates, read_numbers, read_times, style_of
from tuner.data.dates import Order, date_features
from tuner.data.missing import is_missing
from tuner.data.number_text import PERCENT, NumberStyle, choose_style, fits_unit, parse_number
from tuner.data.spec import Column
from tuner.data.tables import LINE
from tuner.data.times import Clock

MOST_NAMED = 5  # columns in a note


@dataclass(frozen=True)
class ExaminedRows:
    """Rows as features, with what a user should know about them."""

    features: Tensor
    """(rows, sum of the columns' widths) float64, since a time in seconds has more digits than a float32. A missing
    number is the column's `fill`, a missing or unknown category zeros. A bad row is filled likewise."""
    bad: tuple[tuple[int, str], ...]
    """The rows that cannot be read: the position of each, rising, and the reason without its place."""
    notes: tuple[str, ...]
    """A line for each column with categories that training did not know, counted and with an example; and for one that
    is read in another style than that of training."""
    missing: Mapping[str, NDArray[np.bool_]]
    """(rows,) by column of numbers, dates or times: which have no value, so that its mean in training is taken. Columns
    where none is missing are not there; a bad row counts as bad alone."""

    def all_notes(self) -> tuple[str, ...]:
        """The notes, and one on missing values."""
        if not self.missing:
            return self.notes
        counts = Counter({name: int(rows.sum()) for name, rows in self.missing.items()})
        shown = counts.most_common(MOST_NAMED)
        named = ", ".join(f"'{name}' ({count})" for name, count in shown)
        more = f" and {len(self.missing) - MOST_NAMED} more columns" if len(self.missing) > MOST_NAMED else ""
        rows = counted(len(self.features), "row")
        what = f"missing values in {rows}, for which the mean of training is taken: {named}{more}"
        return (*self.notes, what)


@dataclass
class _Findings:
    """What is found while columns are read."""

    bad: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def fill(self, values: Numbers, broken: NDArray[np.bool_], column: Column) -> Numbers:
        """The values with the column's mean in place of those that are missing, which are noted."""
        none = np.isnan(values)
        missing = none & ~broken
        if missing.any():
            self.missing[column.name] = missing
        values[none] = column.fill
        return values


def examine_rows(frame: pd.DataFrame, columns: Sequence[Column], source: str) -> ExaminedRows:
    """The features of rows, where single rows may be bad.

    Args:
        frame: texts as in a file, or values of any type that pandas or a request has. Columns that are not asked for
            are ignored.
        columns: how each column is read.
        source: where the rows come from, for errors.

    Raises:
        TunerError: a column is missing.
    """
    there = {str(name).strip(): place for place, name in reversed(list(enumerate(frame.columns)))}
    for column in columns:
        if column.name not in there:
            has = ", ".join(f"'{name}'" for name in list(there)[::-1][:20]) + (", ..." if len(there) > 20 else "")
            raise TunerError(f"{source}: there is no column '{column.name}', the columns are {has}")
    found = _Findings()
    cells = columns_of(frame, [there[column.name] for column in columns])
    blocks = [_encode(of_column, column, found) for of_column, column in zip(cells, columns, strict=True)]
    features = torch.from_numpy(np.concatenate(blocks, axis=1, dtype=np.float64))
    return ExaminedRows(features, tuple(sorted(found.bad.items())), tuple(found.notes), found.missing)


def encode_rows(frame: pd.DataFrame, columns: Sequence[Column], source: str) -> Tensor:
    """The features of rows, all of which must be readable: see `examine_rows`.

    Raises:
        TunerError: a column is missing, or a row is bad; the first is named.
    """
    examined = examine_rows(frame, columns, source)
    refuse_bad(examined, frame, source)
    return examined.features


def refuse_bad(examined: ExaminedRows, frame: pd.DataFrame, source: str) -> None:
    """Raises TunerError when there is a bad row."""
    for row, reason in examined.bad[:1]:
        place = f"line {frame.index[row]}" if frame.index.name == LINE else f"row {row}"
        more = f" (and {len(examined.bad) - 1} more rows like it)" if len(examined.bad) > 1 else ""
        raise TunerError(f"{source}, {place}: {reason}{more}")


def _encode(cells: Cells, column: Column, found: _Findings) -> Numbers:
    encode = {"number": _encode_numbers, "category": _encode_categories, "date": _encode_dates, "time": _encode_times}
    return encode[column.kind](cells, column, found)


def _encode_numbers(cells: Cells, column: Column, found: _Findings) -> Numbers:
    style = style_of(column)
    numbers, broken = read_numbers(cells, style, column.missing)
    if broken.any() and (other := _other_style(cells, column)):
        numbers, broken = read_numbers(cells, other, column.missing)
        texts = [cell for cell in cells if isinstance(cell, str) and parse_number(cell, style) is None]
        example, value = next((text, value) for text in texts if (value := parse_number(text, other)) is not None)
        found.notes.append(f"column '{column.name}': {quoted(example)} is read as {value:.15g}")
    for row in np.flatnonzero(broken):
        needed = _needed(cells[row], style)
        found.bad.setdefault(int(row), f"column '{column.name}' must be {needed}, got {quoted(cells[row])}")
    return found.fill(numbers, broken, column)[:, None]


def _needed(cell: object, style: NumberStyle) -> str:
    if style.unit == PERCENT:
        return "a percentage such as '12%'"
    if is_number(cell) and style.thousands == ".":
        return "text or a whole number, since points separate thousands"
    return "a number"


def _other_style(cells: Cells, column: Column) -> NumberStyle | None:
    """Another style for all numbers, which can be no other: those of a file from another country than training's.

    Texts that are a number in no style have no say: their rows alone are bad.
    """
    own = style_of(column)
    texts = Counter(cell for cell in cells.tolist() if isinstance(cell, str))
    words = {text for text in texts if text in column.missing or is_missing(text)}
    known = Counter({text: count for text, count in texts.items() if text not in words and fits_unit(text, own)})
    if all(parse_number(text, own) is not None for text in known):
        return None
    choice = choose_style(known)
    style = replace(choice.style, unit=own.unit, scaled=own.scaled)
    return style if not choice.ambiguous and all(parse_number(text, style) is not None for text in known) else None


def _encode_dates(cells: Cells, column: Column, found: _Findings) -> Numbers:
    days, broken = read_dates(cells, cast(Order, column.date_order), column.missing, column.latest_year)
    for row in np.flatnonzero(broken):
        found.bad.setdefault(
            int(row), f"column '{column.name}' must be a date such as 2025-01-31, got {quoted(cells[row])}"
        )
    return date_features(found.fill(days, broken, column), column.parts)


def _encode_times(cells: Cells, column: Column, found: _Findings) -> Numbers:
    hours, broken = read_times(cells, cast(Clock, column.clock), column.missing)
    examples = {"h:m": "'14:05'", "12h": "'3:04 PM'", "h:m:s": "'1h 30m' or '01:30:00'", "m:s": "'1:30' or '00:01:30'"}
    for row in np.flatnonzero(broken):
        needed = f"a time such as {examples[column.clock]}"
        found.bad.setdefault(int(row), f"column '{column.name}' must be {needed}, got {quoted(cells[row])}")
    return found.fill(hours, broken, column)[:, None]


def _encode_categories(cells: Cells, column: Column, found: _Findings) -> Numbers:
    categories = Categories(column.categories)
    texts = texts_of(cells).tolist()
    places = np.array(categories.places(texts), dtype=np.int64)
    unknown = places == UNKNOWN
    if unknown.any():
        count = f"{unknown.sum()} of {len(places)} cells have a category that training did not know"
        found.notes.append(f"column '{column.name}': {count}, such as {quoted(texts[int(unknown.argmax())])}")
    one_hot = np.zeros((len(places), len(categories.names)))
    rows = np.flatnonzero(places > MISSING)
    one_hot[rows, places[rows]] = 1
    return one_hot
