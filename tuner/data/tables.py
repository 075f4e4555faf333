"""Users' own tables: a CSV file becomes rows of text, and these become features as fitted on the training split."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError, check_name
from tuner.data.spec import Column

MAX_CATEGORIES = 50  # per column; rarer ones become zeros
LINE = "line"  # the name of the index of rows that come from a file
SEPARATORS = ",;\t"
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
NO_NUMBER = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})  # a missing cell in a numeric column


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a CSV file with a header, separated by commas, semicolons or tabs.

    Returns:
        Every cell is a string without spaces around it; a missing one is empty. If the separator is not a comma, a
        number with a decimal comma gets a point instead. The index, named `line`, is the line
        of the file where a row starts. Blank lines are left out.

    Raises:
        TunerError: the file is missing, not UTF-8, empty, without rows, ragged, badly quoted, or has two columns with
        the same name.
    """
    text = _read(path)
    separator = _separator(path, text)
    records = _records(path, text, separator)
    _, header = next(records, (0, []))
    if not header:
        raise TunerError(f"{path}: the file is empty: a header and rows are expected")
    _check_names(path, header)
    lines, rows = [], []
    for line, row in records:
        if len(row) != len(header):
            raise TunerError(f"{path}, line {line}: {len(row)} cells instead of the {len(header)} of the header")
        lines.append(line)
        rows.append(row if separator == "," else [_with_point(cell) for cell in row])
    if not rows:
        raise TunerError(f"{path}: there are no rows after the header")
    return pd.DataFrame(rows, columns=header, index=pd.Index(lines, name=LINE), dtype=object)


def fit_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """How each column is encoded, decided on training rows of text only; `left_out` explains the columns not listed.

    A column whose cells, apart from missing ones, are all finite numbers is one feature. Any other column has a feature
    for each of its 50 most frequent categories.
    """
    found = (_examine(frame, name) for name in frame.columns)
    return tuple(column for column in found if isinstance(column, Column))


def left_out(frame: pd.DataFrame) -> tuple[str, ...]:
    """A line for each column that `fit_columns` leaves out, since a model cannot learn from it."""
    found = {name: _examine(frame, name) for name in frame.columns}
    return tuple(f"column '{name}' left out: {why}" for name, why in found.items() if isinstance(why, str))


def encode_rows(frame: pd.DataFrame, columns: Sequence[Column], source: str) -> Tensor:
    """The features of rows of text.

    Args:
        frame: strings, missing ones empty. Columns that are not asked for are ignored.
        columns: how each column is encoded.
        source: where the rows come from, for errors.

    Returns:
        (rows, sum of the columns' widths) float64, since a time in seconds has more digits than a
        float32. A missing number is the column's `fill`, an unknown category zeros.

    Raises:
        TunerError: a column is missing, or a cell of a numeric column is not a number.
    """
    for column in columns:
        if column.name not in frame.columns:
            has = ", ".join(f"'{name}'" for name in frame.columns)
            raise TunerError(f"{source}: there is no column '{column.name}', the columns are {has}")
    blocks = [_encode(frame[column.name].str.strip(), column, source) for column in columns]
    return torch.from_numpy(np.concatenate(blocks, axis=1, dtype=np.float64))


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # Excel writes a byte order mark
    except OSError as error:
        raise TunerError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise TunerError(f"{path}, line {line}: not UTF-8 text: save the table as UTF-8") from None


def _separator(path: Path, text: str) -> str:
    """The separator that gives the header most cells; a comma when none gives two."""
    first = re.split("[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    try:
        return max(SEPARATORS, key=lambda separator: len(next(csv.reader([first], delimiter=separator), [])))
    except csv.Error as error:
        raise TunerError(f"{path}, line 1: {error}") from None


def _records(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The line in which a record starts, and its cells; a quoted cell may go over several lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    start = 1
    try:
        for record in reader:
            if record:
                yield start, [cell.strip() for cell in record]
            start = reader.line_num + 1
    except csv.Error as error:
        raise TunerError(f"{path}, line {start}: {error}") from None


def _with_point(cell: str) -> str:
    """Much of the world writes 0,5 for 0.5, and separates with semicolons for that."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell


def _check_names(path: Path, header: Sequence[str]) -> None:
    for name, count in Counter(header).items():
        if count > 1:
            raise TunerError(f"{path}, line 1: {count} columns have the name '{name}'")
        check_name(name, f"{path}, line 1: the column")


def _examine(frame: pd.DataFrame, name: str) -> Column | str:
    """How a column is encoded, or why it is left out."""
    cells = frame[name]
    distinct = cells.value_counts()
    if not name:
        return "it has no name"  # pandas writes row numbers like this
    if len(distinct) == 1:
        return "it is empty" if distinct.index[0] == "" else "all its cells are the same"
    numbers, broken = _numbers(cells)
    if not broken.any():
        return _number_column(name, numbers)
    return _category_column(name, distinct.drop("", errors="ignore"), cells[broken].iloc[0], float(broken.mean()))


def _number_column(name: str, numbers: NDArray[np.float64]) -> Column | str:
    known = numbers[~np.isnan(numbers)]
    if not len(known) or known.min() == known.max():
        return "it has no number" if not len(known) else "all its numbers are the same"
    if _counts_rows(known):
        return "it numbers the rows: where a table is sorted by class, it would give the class away"
    return Column(name=name, fill=float(known.mean()))


def _counts_rows(numbers: NDArray[np.float64]) -> bool:
    """Whether they are whole numbers that rise from row to row, which ten rows of a measurement do not do by chance."""
    return len(numbers) >= 10 and bool((np.diff(numbers) > 0).all() and (numbers % 1 == 0).all())


def _category_column(name: str, distinct: pd.Series, broken: str, share: float) -> Column | str:
    if distinct.sum() < 2 * len(distinct):
        most = "" if share > 0.5 else f" (most are numbers, but '{broken}' is not)"
        return f"{len(distinct)} different texts in {distinct.sum()} cells{most}"
    names = sorted(distinct.index, key=lambda category: (-distinct[category], category))[:MAX_CATEGORIES]
    return Column(name=name, categories=tuple(sorted(names)))


def _numbers(cells: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The numbers of cells (NaN where there is none), and which cells are neither missing nor finite as float32."""
    missing = cells.str.lower().isin(NO_NUMBER).to_numpy()
    numbers = np.array(pd.to_numeric(cells, errors="coerce"), dtype=np.float64)
    broken = ~missing & ~(np.abs(numbers) <= np.finfo(np.float32).max)
    numbers[missing | broken] = np.nan
    return numbers, broken


def _encode(cells: pd.Series, column: Column, source: str) -> NDArray[np.float64]:
    if column.categories:
        return np.stack([cells == category for category in column.categories], axis=1).astype(np.float64)
    numbers, broken = _numbers(cells)
    if broken.any():
        row = int(broken.argmax())
        place = f"line {cells.index[row]}" if cells.index.name == LINE else f"row {row}"
        raise TunerError(f"{source}, {place}: column '{column.name}' must be a number, got '{cells.iloc[row]}'")
    numbers[np.isnan(numbers)] = column.fill
    return numbers[:, None]
