"""What programs write between the rows of a table: rulers, counts of rows, comments, repeated headers, units."""

from __future__ import annotations

import math
import re

from tuner.core.units import counted
from tuner.data.missing import is_missing
from tuner.data.table_record import Record

COMMENT = "#"
_RULER = re.compile(r"[\s|+:=,;-]*[-=]{3,}[\s|+:=,;-]*|[+]([-=]+[+])+")
_PROMPT = re.compile(r"SQL> .*|mysql> .*|\w+[=-][#>] .*")
_FOOTER = re.compile(
    r"\(\d+ (rows?|row\(s\))( affected)?\)|\d+ rows? in set( \(.*\))?|\d+ rows? selected\.?|\[\d+ rows x \d+ columns\]"
    rf"|{_PROMPT.pattern}|(Elapsed|Time|Completion time): [\d:T.+ -]+( ms)?"
)


def without_prints(rows: list[Record], notes: list[str]) -> list[Record]:
    """Without the rulers and the count of rows that clients of databases print."""
    first = next((row for row in rows if not (row.cells and _PROMPT.fullmatch(" ".join(row.cells)))), None)
    if first is not None and first is not rows[0]:
        end = rows.index(first)
        notes.append(_passed(rows[:end]))
        rows = rows[end:]
    around = [row for row in rows if row.cells[0].startswith("+")] or rows[1:3]
    if any(_is_ruler(row) for row in around):
        around = rows
    rulers = [row for row in around if _is_ruler(row)]
    while len(rows) > 1 and not rows[-1].broken and _FOOTER.fullmatch(" ".join(rows[-1].cells)):
        notes.append(_passed(rows[-1:]))
        rows = rows[:-1]
    if rulers:
        notes.append(f"{counted(len(rulers), 'ruler')} passed over, the first in line {rulers[0].line}")
        lines = {row.line for row in rulers}
        rows = [row for row in rows if row.line not in lines]
    return rows


def without_repeats(rows: list[Record], usual: int, notes: list[str]) -> list[Record]:
    """Without headers that are repeated, where files were joined, and comments among the rows."""
    if not rows:
        return rows
    header, *rest = rows
    again = [row for row in rest if row.cells == header.cells]
    comments = [row for row in rest if is_comment(row) and len(row.cells) != usual]
    if again:
        notes.append(f"{counted(len(again), 'repeated header')} left out, the first in line {again[0].line}")
    if comments:
        notes.append(f"{counted(len(comments), 'comment')} left out, the first in line {comments[0].line}")
    if not again and not comments:
        return rows
    dropped = {row.line for row in (*again, *comments)}
    return [header, *(row for row in rest if row.line not in dropped)]


def without_units(rows: list[Record], notes: list[str]) -> list[Record]:
    """Without a second line of the header, such as units: words above numbers alone in two columns or more."""
    for at, row in enumerate(rows[1:4], start=1):
        if row.cells and all(cell.startswith('{"ImportId"') for cell in row.cells):
            notes.append(f"lines {rows[1].line} to {row.line} left out, which Qualtrics writes below the header")
            return [rows[0], *rows[at + 1 :]]
    if len(rows) < 4 or any(to_number(cell) is not None for cell in rows[1].cells):
        return rows
    below = [row.cells for row in rows[2:1000]]
    over = [
        cell
        for index, cell in enumerate(rows[1].cells)
        if not is_missing(cell)
        and all(to_number(row[index]) is not None for row in below if index < len(row) and row[index])
        and any(index < len(row) and row[index] for row in below)
    ]
    if len(over) < 2:
        return rows
    notes.append(
        f"line {rows[1].line} left out, as a second line of the header: '{over[0]}' and '{over[1]}' above numbers"
    )
    return [rows[0], *rows[2:]]


def is_comment(row: Record) -> bool:
    """Whether a row begins with #."""
    return bool(row.cells) and row.cells[0].startswith(COMMENT)


def to_number(cell: str) -> float | None:
    """The number that a cell begins to be: also with a decimal comma, separators of thousands, or a percent sign."""
    text = cell.strip(" %").replace(" ", "")
    if not text or text[0].isalpha() or not any(map(str.isdigit, text)):
        return None
    for each in (text, text.replace(",", "."), text.replace(",", ""), text.replace(".", "").replace(",", ".")):
        try:
            number = float(each)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None


def _passed(rows: list[Record]) -> str:
    text = f"'{' '.join(rows[0].cells)}'"
    if len(rows) == 1:
        return f"line {rows[0].line} passed over: {text}"
    return f"{len(rows)} lines passed over, the first in line {rows[0].line}: {text}"


def _is_ruler(row: Record) -> bool:
    return _RULER.fullmatch(",".join(row.cells)) is not None
