"""Users' own tables: a file of rows, or a folder of files, becomes a frame of text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

import pandas as pd

from tuner.core.errors import TunerError
from tuner.core.shorten import first_names
from tuner.core.units import counted
from tuner.data.table_dialect import SPACE, find_dialect, read_text
from tuner.data.table_formats import PARQUET, is_table, is_workbook, refuse_logs, refuse_others
from tuner.data.table_record import LINE, BadRow, Padded, Record, Table
from tuner.data.table_rows import lay_out, make_table
from tuner.data.table_text import decode, read_bytes, unpack
from tuner.data.table_totals import without_totals

__all__ = ["LINE", "BadRow", "Table", "read_table"]

_SEP = re.compile(r"sep=([^\r\n])(?=\r|\n)", re.IGNORECASE)  # a line that tells Excel the separator
_BOX = re.compile("^[\u250c\u2554\u256d\u250f]", re.MULTILINE)  # the corner of a table that is drawn with lines
_LINES = dict.fromkeys(range(9484, 9600), "+") | dict.fromkeys(map(ord, "\u2502\u2503\u2551"), "|")
_LINES |= dict.fromkeys(map(ord, "\u2500\u2501\u2550"), "-")
_PART = re.compile(r"(train|training|test|testing|val|valid|validation)\b", re.IGNORECASE)


def read_table(path: Path, *, target: str | None = None, columns: Collection[str] = ()) -> Table:
    """The rows of a table with a header: text with separators or of fixed width, Excel's .xlsx, Parquet; or a folder.

    How cells are separated, quoted and encoded is found out, text may be packed, and a title or comments may stand
    before the header. In a folder, each file has the same columns in any order; they are read in order of name.

    Args:
        path: the file or folder.
        target: the column with the classes, where it is known: it tells a header from a row.
        columns: the columns that a model needs, for the same purpose.

    Raises:
        TunerError: the file is missing, of a format that is not read, without a header, or without rows.
    """
    if path.is_dir():
        return _read_folder(path, target, columns)
    content = read_bytes(path)
    refuse_others(path, content)
    if content.startswith(PARQUET):
        from tuner.data.table_parquet import read_parquet  # noqa: PLC0415 - pyarrow takes a while

        names, records, notes = read_parquet(path, content, columns or ([target] if target else []))
        rows = [Record(1, names), *records]
        rows = rows if columns else without_totals(rows, notes)
        table = make_table(rows[0], rows[1:], str(path), target, columns)
    else:
        found, notes, separator = _records(path, content, columns or ([target] if target else []))
        table = lay_out(found, str(path), target, columns, separator)
    if not len(table.frame) and not table.bad:
        raise TunerError(f"{path}: there are no rows after the header")
    return table._replace(notes=(*notes, *table.notes))


def _records(path: Path, content: bytes, expected: Collection[str]) -> tuple[Iterable[Record], list[str], str]:
    """The rows, notes, and what separates cells."""
    if is_workbook(path, content):
        from tuner.data.table_workbook import read_workbook  # noqa: PLC0415 - openpyxl is optional

        return *read_workbook(path, content), ","
    unpacked = unpack(path, content)
    refuse_others(path, unpacked)
    text, notes = decode(path, unpacked)
    refuse_logs(path, text)
    said = _SEP.match(text)
    if said:
        text = text[said.end() :]  # its line end stays, so that lines are counted as they are
        notes.append(f"the first line, '{said[0]}', is for Excel, and passed over")
    if _BOX.search(text[:1000]):
        text = text.translate(_LINES)
    dialect = find_dialect(text, said and said[1], expected)
    records, dialect = read_text(text, dialect)
    return records, notes + dialect.notes(), SPACE if dialect.columns else dialect.separator


def _read_folder(folder: Path, target: str | None, columns: Collection[str]) -> Table:
    """The rows of all tables in a folder, which must have the same columns."""
    files: list[Path] = []
    others: list[Path] = []
    for path in sorted(folder.iterdir()):
        (files if is_table(path) and path.is_file() else others).append(path)
    if not files:
        raise TunerError(f"{folder}: there is no table in the folder, such as a .csv")
    tables = [read_table(path, target=target, columns=columns) for path in files]
    first = list(tables[0].frame.columns)
    for path, table in zip(files, tables, strict=True):
        found = set(table.frame.columns)
        if found != set(first):
            missing = [f"'{name}' is missing" for name in first if name not in found]
            more = [f"'{name}' is not in {files[0].name}" for name in table.frame.columns if name not in first]
            what = ", ".join((missing + more)[:4])
            raise TunerError(f"{path}: the tables of a folder must have the same columns: {what}")
    names = [path.name for path in files]
    frame = pd.concat([_of(name, table.frame[first]) for name, table in zip(names, tables, strict=True)])
    bad = [
        BadRow(f"{row.line} of {name}", row.reason)
        for name, table in zip(names, tables, strict=True)
        for row in table.bad
    ]
    return Table(frame, tuple(_folder_notes(names, tables, others)), tuple(bad), _joined_padding(names, tables))


def _joined_padding(names: list[str], tables: list[Table]) -> dict[str, Padded]:
    """The padded cells of all tables by column."""
    joined: dict[str, Padded] = {}
    for file, table in zip(names, tables, strict=True):
        for column, found in table.padded.items():
            known = joined.get(column) or Padded(0, found.example, f"{found.line} of {file}")
            joined[column] = known._replace(cells=known.cells + found.cells)
    return joined


def _of(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(pd.Index([f"{line} of {name}" for line in frame.index], name=LINE, dtype=object))


def _folder_notes(names: list[str], tables: list[Table], others: list[Path]) -> list[str]:
    notes = [f"{counted(len(names), 'file')} of one table, from {names[0]} to {names[-1]}"]
    parts = [name for name in names if _PART.match(name)]
    if parts:
        notes.append(f"{' and '.join(parts)}: read as parts of one table, of which a test split is held out anew")
    hidden = [path for path in others if path.name.startswith((".", "_"))]  # such as _SUCCESS of Spark
    seen = sorted(path.name for path in others if path not in hidden)
    if seen:
        notes.append(f"{counted(len(seen), 'other file')} in the folder passed over, such as '{seen[0]}'")
    by_note: dict[str, list[str]] = {}
    for name, table in zip(names, tables, strict=True):
        for note in table.notes:
            by_note.setdefault(note, []).append(name)
    for note, files in by_note.items():
        notes.append(f"{first_names(files, 1)}: {note}")
    return notes
