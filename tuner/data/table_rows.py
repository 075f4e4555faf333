"""Rows of cells become a frame: of one width, with one name for each column, and without what holds nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from tuner.core.errors import TunerError, check_name, quoted
from tuner.core.units import counted
from tuner.data.table_header import check_header, check_separators, find_header
from tuner.data.table_levels import refuse_levels
from tuner.data.table_record import LINE, BadRow, Padded, Record, Table
from tuner.data.table_totals import without_totals

_INDEX = re.compile(r"Unnamed: 0(\.\d+)*|\.\.\.1")  # pandas and readr call a column like this that has no name
_FORMULA = re.compile('^="(.*)"$', re.DOTALL)
MOST_SHOWN = 5


def lay_out(
    records: Iterable[Record], place: str, target: str | None, columns: Collection[str], separator: str = ","
) -> Table:
    """The table of the rows of a file, one of which is the header.

    Args:
        records: with the lines where they start.
        place: the file, for errors.
        target: the column with the classes, where it is known.
        columns: further columns that are known to be there.
        separator: of the cells in the file.

    Raises:
        TunerError: there is no header, there are no rows, or a column has an impossible name.
    """
    expected = tuple(columns) or ((target,) if target else ())
    rows: list[Record] = []
    bad: list[BadRow] = []
    empty: list[int] = []
    for record in records:
        if record.broken:
            bad.append(BadRow(record.line, record.broken))
        elif any(record.cells):
            rows.append(record)
        else:
            empty.append(record.line)
    refuse_levels(rows, place)
    rows, notes = find_header(rows, expected, units=not columns)  # to predict, each row must be answered or named
    if bad and (not rows or int(bad[0].line) < rows[0].line):
        raise TunerError(f"{place}, {bad[0]}")
    if not rows:
        raise TunerError(f"{place}: the file is empty: a header and rows are expected")
    if not columns:
        rows = without_totals(rows, notes)
    header, rows = rows[0], rows[1:]
    empty = [line for line in empty if line > header.line]
    if empty:
        notes.append(f"{counted(len(empty), 'empty row')} left out, the first in line {empty[0]}")
    header, rows = _same_width(header, rows, notes)
    check_separators(header, rows, separator, place)
    check_header(header, rows, expected, place, separator)
    table = make_table(header, rows, place, target, expected)
    return table._replace(notes=(*notes, *table.notes), bad=tuple(sorted((*bad, *table.bad))))


def make_table(
    header: Record, rows: Sequence[Record], place: str, target: str | None, expected: Collection[str]
) -> Table:
    """The table of rows whose header is known; those with more or fewer cells are bad. Arguments as in `lay_out`."""
    notes: list[str] = []
    header = _one_line(header, notes)
    rows = _without_formulas(rows, notes)
    good = [row for row in rows if len(row.cells) == len(header.cells)]
    ragged = [row for row in rows if len(row.cells) != len(header.cells)]
    bad = [BadRow(row.line, _ragged(row.cells, header.cells)) for row in ragged]
    kept = _kept(header.cells, good, expected, notes)
    names = _names([header.cells[index] for index in kept], target, f"{place}, line {header.line}", notes)
    cells = [row.cells for row in good]
    if len(kept) < len(header.cells):
        cells = [[row[index] for index in kept] for row in cells]
    index = pd.Index([row.line for row in good], name=LINE, dtype="int64")
    frame = pd.DataFrame(cells, columns=pd.Index(names, dtype=object), index=index, dtype=object)
    return Table(frame, tuple(notes), tuple(bad), _padded(good, dict(zip(kept, names, strict=True))))


def _padded(rows: Sequence[Record], names: Mapping[int, str]) -> dict[str, Padded]:
    """The padded cells by column; `names` has those of the columns that are kept, by their place."""
    found: dict[str, Padded] = {}
    for row in rows:
        for place in row.padded:
            if place in names:
                known = found.get(names[place]) or Padded(0, row.cells[place], row.line)
                found[names[place]] = known._replace(cells=known.cells + 1)
    return found


def _one_line(header: Record, notes: list[str]) -> Record:
    """Names without line breaks, which spreadsheets allow."""
    broken = [name for name in header.cells if len(name.splitlines()) > 1]
    if broken:
        name = " ".join(broken[0].split())
        notes.append(f"{counted(len(broken), 'name')} with line breaks, such as '{name}': read with spaces")
    return header._replace(cells=[" ".join(name.split()) if name in broken else name for name in header.cells])


def _without_formulas(rows: Sequence[Record], notes: list[str]) -> Sequence[Record]:
    """Cells such as ="007" are the text 007, as Excel reads them."""
    if not any(cell.startswith('="') for row in rows[:1000] for cell in row.cells):
        return rows
    found = [row for row in rows if any(cell.startswith('="') for cell in row.cells)]
    notes.append(f'cells such as ="007" are read as the text in them: {counted(len(found), "row")} have some')
    read = (Record.of(row.line, [_FORMULA.sub(r"\1", cell) for cell in row.cells]) for row in rows)
    return [row._replace(padded=tuple({*row.padded, *old.padded})) for row, old in zip(read, rows, strict=True)]


def _ragged(cells: Sequence[str], header: Sequence[str]) -> str:
    return f"{counted(len(cells), 'cell')} instead of the {len(header)} of the header: {quoted(' '.join(cells))}"


def _same_width(header: Record, rows: list[Record], notes: list[str]) -> tuple[Record, list[Record]]:
    """Header and rows without separators too many at their ends, and without names of rows that the header lacks."""
    names = list(header.cells)
    while names and not names[-1] and not any(row.cells[len(names) - 1 :][:1] not in ([], [""]) for row in rows):
        names.pop()
    cut, width = len(header.cells) - len(names), len(names)
    longer = [row for row in rows if len(row.cells) > width and not any(row.cells[width:])]
    if longer:
        rows = [row._replace(cells=row.cells[:width]) if not any(row.cells[width:]) else row for row in rows]
    if cut and longer:
        notes.append(f"{counted(cut, 'empty column')} at the end left out")
    elif cut:
        notes.append(f"the header ends with {'a separator' if cut == 1 else f'{cut} separators'} too many")
    elif longer:
        which = "each row ends" if len(longer) == len(rows) else f"{len(longer)} of {len(rows)} rows: the line ends"
        notes.append(f"{which} with a separator too many, the first in line {longer[0].line}")
    header = header._replace(cells=names)
    if _have_names(rows, width):
        notes.append(
            f"the header is one cell short: the first cell of each row, such as '{rows[0].cells[0]}', is taken for "
            f"the name of the row, and left out"
        )
        rows = [row.without_first() if len(row.cells) == width + 1 else row for row in rows]
    return header, rows


def _have_names(rows: Sequence[Record], width: int) -> bool:
    """Whether nearly all rows begin with a name of their own, for which the header has no cell, as R writes it."""
    names = [row.cells[0] for row in rows if len(row.cells) == width + 1]
    return width > 1 and len(names) >= max(3, 0.9 * len(rows)) and _are_names(names)


def _are_names(cells: Sequence[str]) -> bool:
    """Whether cells may be names of rows: all different, and whole numbers or texts."""
    if not cells or len(set(cells)) < len(cells):
        return False
    return all(map(str.isdigit, cells)) or not any(re.fullmatch(r"[\d.,eE+-]+", cell) for cell in cells)


def _kept(names: Sequence[str], rows: Sequence[Record], expected: Collection[str], notes: list[str]) -> list[int]:
    """The columns that have a name and are no index."""
    nameless = [index for index, name in enumerate(names) if not name]
    empty = [index for index in nameless if not any(row.cells[index] for row in rows)]
    left_out = set(nameless)
    first = names[0]
    row_names = first == "" and 0 not in empty and _are_names([row.cells[0] for row in rows])
    if row_names:
        example = quoted(rows[0].cells[0])
        notes.append(f"the first column has no name, and is taken for names of rows, such as {example}: left out")
    elif _INDEX.fullmatch(first) and first not in expected:
        cells = [row.cells[0] for row in rows]
        if all(map(str.isdigit, cells)) and len(set(cells)) == len(cells):
            notes.append(f"column '{first}' left out: it numbers the rows")
            left_out.add(0)
    if empty:
        notes.append(f"{counted(len(empty), 'empty column')} without a name left out")
    others = [str(index + 1) for index in nameless if index not in empty and (index or not row_names)]
    if others:
        more = ", ..." if len(others) > MOST_SHOWN else ""
        what = "column" if len(others) == 1 else "columns"
        listed = ", ".join(others[:MOST_SHOWN]) + more
        notes.append(f"{len(others)} {what} left out, without a name in the header: {listed}")
    return [index for index in range(len(names)) if index not in left_out]


def _names(names: Sequence[str], target: str | None, place: str, notes: list[str]) -> list[str]:
    """One name for each column: of several that are alike, the later ones get a number, as pandas gives it."""
    counts = Counter(names)
    doubled = [name for name, count in counts.items() if count > 1]
    if target in doubled:
        raise TunerError(f"{place}: {counts[target]} columns have the name '{target}': rename all but one of them")
    for name in counts:
        check_name(name, f"{place}: the column")
    if not doubled:
        return list(names)
    taken, result, seen = set(names), [], Counter[str]()
    for name in names:
        unique = name
        while seen[name] and unique in taken:
            unique = f"{name}.{seen[name]}"
            seen[name] += unique in taken
        seen[name] += not seen[name]
        taken.add(unique)
        result.append(unique)
    renamed = next(new for old, new in zip(names, result, strict=True) if old != new)
    what = f"{counted(len(doubled), 'name')} of several columns, such as '{doubled[0]}'"
    notes.append(f"{what}: the later ones get a number, such as '{renamed}'")
    return result
