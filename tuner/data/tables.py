"""Users' own tables: a CSV file becomes rows of text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tuner.core.errors import TunerError, check_name

LINE = "line"  # the name of the index of rows that come from a file
SEPARATORS = ",;\t"


class BadRow(NamedTuple):
    """A row that is no part of the frame, since its cells cannot be told apart."""

    line: int | str
    """As the index of the frame has it."""
    reason: str

    def __str__(self) -> str:
        """`line 7: 3 cells instead of the 2 of the header`."""
        return f"line {self.line}: {self.reason}"


class Table(NamedTuple):
    """The rows of a file, and what the reader has to say about them."""

    frame: pd.DataFrame
    """Every cell is a string as it stands in the file, without spaces around it; a missing one is empty. The index,
    named `line`, is the line where a row starts; of several files it is a text such as `3 of b.csv`."""
    notes: tuple[str, ...]
    """A line for each thing that was guessed, changed or left out, with the file."""
    bad: tuple[BadRow, ...]
    """The rows that could not be read. Training refuses a table that has any, predictions name them."""


def read_table(path: Path, *, target: str | None = None, columns: Collection[str] = ()) -> Table:
    """The rows of a CSV file with a header, separated by commas, semicolons or tabs. Blank lines are left out.

    Args:
        path: the file.
        target: the column with the classes, where it is known: it tells a header from a row.
        columns: the columns that a model needs, for the same purpose.

    Raises:
        TunerError: the file is missing, not text, empty or without rows.
    """
    text = _read(path)
    separator = _separator(path, text)
    records = _records(path, text, separator)
    _, header = next(records, (0, []))
    if not header:
        raise TunerError(f"{path}: the file is empty: a header and rows are expected")
    _check_names(path, header)
    lines, rows, bad = [], [], []
    for line, row in records:
        if len(row) != len(header):
            bad.append(BadRow(line, f"{len(row)} cells instead of the {len(header)} of the header"))
            continue
        lines.append(line)
        rows.append(row)
    if not rows and not bad:
        raise TunerError(f"{path}: there are no rows after the header")
    frame = pd.DataFrame(rows, columns=header, index=pd.Index(lines, name=LINE), dtype=object)
    return Table(frame, (), tuple(bad))


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


def _check_names(path: Path, header: Sequence[str]) -> None:
    for name, count in Counter(header).items():
        if count > 1:
            raise TunerError(f"{path}, line 1: {count} columns have the name '{name}'")
        check_name(name, f"{path}, line 1: the column")
