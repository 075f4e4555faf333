"""Which row of a table has the names of its columns, what stands before it, and that it is not a row of data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from tuner.core.errors import TunerError, quoted
from tuner.data.missing import is_missing
from tuner.data.table_dialect import SEPARATORS, SPACE, plural
from tuner.data.table_prints import (
    COMMENT,
    is_comment,
    to_number,
    without_prints,
    without_repeats,
    without_units,
)
from tuner.data.table_record import Record

MOST_BEFORE = 50  # rows before a header


def find_header(rows: list[Record], expected: Collection[str], *, units: bool = True) -> tuple[list[Record], list[str]]:
    """The header and the rows after it, without what programs write before and between them; and notes.

    A title, comments with # and blank rows stand before a header; rulers and the count of rows are what clients of
    databases print. `units` says whether a second line of the header is looked for.
    """
    notes: list[str] = []
    rows = without_prints(rows, notes)
    usual = _usual([len(row.cells) for row in rows])
    comments = [row for row in rows[:MOST_BEFORE] if row.cells and row.cells[0].startswith(COMMENT)]
    at = _position(rows, usual, set(expected))
    before = rows[:at]
    if before and is_comment(before[-1]) and _commented_header(before[-1], rows[at:], usual):
        before, header = before[:-1], before[-1]
        rows = [header._replace(cells=_uncommented(header.cells)), *rows[at:]]
        notes.append(f"the comment in line {header.line} is taken for the header")
    else:
        rows = rows[at:]
        if rows and rows[0] in comments and rows[0].cells[0] not in expected:
            cells = _uncommented(rows[0].cells)
            if rows[0].cells[0] != COMMENT:
                notes.append(f"the first column, '{rows[0].cells[0]}', is called '{cells[0]}'")
            elif len(cells) == usual:
                notes.append(f"the header begins with '{COMMENT}', as numpy.savetxt writes it, which is left out")
            rows[0] = rows[0]._replace(cells=cells if len(cells) == usual else rows[0].cells)
    if before:
        first = quoted(" ".join(cell for cell in before[0].cells if cell))
        what = "line" if len(before) == 1 else "lines"
        notes.append(f"{len(before)} {what} before the header passed over, the first is {first}")
    rows = without_repeats(rows, usual, notes)
    return (without_units(rows, notes) if units else rows), notes


def check_separators(header: Record, rows: Sequence[Record], separator: str, place: str) -> None:
    """Raises TunerError where the cells of the header and those of the rows are separated by different signs."""
    below = [row.cells for row in rows[:100]]
    width = len(header.cells)
    if width < 2 or any(len(cells) == width for cells in below):
        return
    for other in (*SEPARATORS, SPACE):
        texts = [separator.join(cells) for cells in below]
        widths = [len(text.split() if other == SPACE else text.split(other)) for text in texts]
        if other != separator and widths and all(found == width for found in widths):
            raise TunerError(
                f"{place}, line {header.line}: the names of the columns are separated by {plural(separator)}, and the "
                f"rows below by {plural(other)}: separate the names by {plural(other)} too"
            )


def check_header(
    header: Record, rows: Sequence[Record], expected: Collection[str], place: str, separator: str = ","
) -> None:
    """Raises TunerError where the header is surely a row of data: its cells are like those below them, none is unlike.

    Names that are numbers are years, or count the columns; these are taken for names. So is a row with the expected
    names, unless one of them is a value of its own column: a class was named in place of a column.
    """
    cells, below = header.cells, [row.cells for row in rows[:1000]]
    if _has_names(cells, expected, below) or not _is_data(cells, below):
        return
    shown = ", ".join(f"'{cell[:20]}'" for cell in cells[:3]) + (", ..." if len(cells) > 3 else "")
    names = [*expected] if len(expected) > 1 else [f"x{n + 1}" for n in range(len(cells))]
    shown_separator = SPACE if separator == "\t" else separator
    line = shown_separator.join([*names[:5], *(["..."] if len(names) > 5 else [])])
    line += f", separated by {plural(separator)} as the rows are" if separator in ("\t", SPACE) else ""
    raise TunerError(
        f"{place}, line {header.line}: the first line looks like data ({shown}): a header is needed: put a line with "
        f"the names of the columns above it, such as {line}"
    )


def _has_names(header: list[str], expected: Collection[str], rows: list[list[str]]) -> bool:
    """Whether the expected names are in a header, and none of them is in its column again."""
    if not expected or not set(expected).issubset(header):
        return False
    places = [(header.index(name), name) for name in expected]
    return not any(index < len(cells) and cells[index] == name for index, name in places for cells in rows)


def _is_data(header: list[str], rows: list[list[str]]) -> bool:
    """Whether cells of the header are like those below them, and none is a word above numbers."""
    count = _may_count([number for cell in header if (number := to_number(cell)) is not None])
    alike = 0
    for index, cell in enumerate(header):
        below = [cells[index] for cells in rows if index < len(cells) and not is_missing(cells[index])]
        if is_missing(cell) or not below:
            continue
        if sum(to_number(each) is not None for each in below) < 0.9 * len(below):
            alike += cell in below and to_number(cell) is None
        elif to_number(cell) is None:
            return False
        else:
            alike += not count
    return alike > 0


def _usual(lengths: list[int]) -> int:
    """The number of cells that most rows have, the larger one of two."""
    return max(Counter(lengths).items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]


def _position(rows: list[Record], usual: int, expected: set[str]) -> int:
    """Where the header is: the first row that has a name for nearly all columns."""
    named = _named_position(rows, usual, expected)
    if named is not None:
        return named
    used = _used_columns([row.cells for row in rows[:100]], usual)
    for at, row in enumerate(rows[:MOST_BEFORE]):
        length = len(row.cells)
        filled = sum(map(bool, row.cells))
        title = is_comment(row) and length != usual
        title = title or (filled < 2 <= usual and _is_title(rows[at + 1 :], usual, length))
        title = title or (_gaps(row, used) > 1 and _has_header(rows[at + 1 :], used))
        if title or not length:
            continue
        if length >= usual or usual < 3:
            return at
        if length == usual - 1 and at + 1 < len(rows) and len(rows[at + 1].cells) == usual:
            below = [later.cells for later in rows[at + 1 : at + 100]]
            if not _is_above(below[0], below[1:]):
                return at
    return 0


def _used_columns(rows: list[list[str]], usual: int) -> list[int]:
    """The columns that most rows have something in."""
    rows = [row for row in rows if len(row) == usual]
    return [index for index in range(usual) if 2 * sum(bool(row[index]) for row in rows) > len(rows)]


def _gaps(row: Record, used: list[int]) -> int:
    return sum(index < len(row.cells) and not row.cells[index] for index in used)


def _has_header(rows: list[Record], used: list[int]) -> bool:
    """Whether one of the next rows has a word for each of these columns, some of them above numbers."""
    for at, row in enumerate(rows[:MOST_BEFORE]):
        cells = [row.cells[index] for index in used if index < len(row.cells)]
        if len(cells) == len(used) and all(cell and to_number(cell) is None for cell in cells):
            return _is_above(row.cells, [later.cells for later in rows[at + 1 : at + 100]])
    return False


def _is_title(rows: list[Record], usual: int, length: int) -> bool:
    """Whether a row with one cell that is not empty is none of names; for two columns more must speak for that."""
    later = [row.cells for row in rows if len(row.cells) >= usual]
    if usual > 2 or not later:
        return bool(later)
    return length < usual and _is_above(later[0], later[1:100])


def _named_position(rows: list[Record], usual: int, expected: set[str]) -> int | None:
    """The first row with all expected names, if all before it are surely none: shorter, or with gaps and no numbers."""
    if not expected:
        return None
    for at, row in enumerate(rows[:MOST_BEFORE]):
        if expected.issubset(row.cells):
            return at
        if any(expected.issubset(later.cells) for later in rows[at + 1 : at + 2]) and _is_above(
            rows[at + 1].cells, [later.cells for later in rows[at + 2 : at + 100]]
        ):
            return at + 1
        gaps = "" in row.cells and not any(to_number(cell) is not None for cell in row.cells)
        if not (gaps or is_comment(row) or len(row.cells) < usual):
            return None
    return None


def _is_above(header: list[str], below: list[list[str]]) -> bool:
    """Whether a row is unlike those below it: a word above numbers."""
    for index, cell in enumerate(header):
        cells = [row[index] for row in below if index < len(row)]
        if (
            not is_missing(cell)
            and to_number(cell) is None
            and cells
            and all(to_number(each) is not None for each in cells)
        ):
            return True
    return False


def _commented_header(comment: Record, rows: list[Record], usual: int) -> bool:
    """Whether the last comment has a name for each column, and the row after it is like those that follow."""
    below = [row.cells for row in rows[1:100]]
    return len(_uncommented(comment.cells)) == usual > 1 and not _is_above(rows[0].cells, below)


def _uncommented(cells: list[str]) -> list[str]:
    first = cells[0].lstrip(COMMENT).strip()
    return [first, *cells[1:]] if first else cells[1:]


def _may_count(numbers: list[float]) -> bool:
    """Whether the numbers of a header may be names: years, or 0, 1, 2 and so on."""
    if not numbers or len(set(numbers)) < len(numbers) or any(number % 1 for number in numbers):
        return False
    if all(1800 <= number <= 2100 for number in numbers):
        return True
    first, last = numbers[0], numbers[-1]
    return len(numbers) > 2 and 0 <= first <= 1 and last - first == len(numbers) - 1 and numbers == sorted(numbers)
