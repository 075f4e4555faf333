"""Users' own tables: a CSV file becomes rows of text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from tuner.core.errors import TunerError, check_name

LINE = "line"  # the name of the index of rows that come from a file
SEPARATORS = ",;\t"
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


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
