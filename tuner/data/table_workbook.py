"""A sheet of an Excel workbook becomes rows of text, as a CSV file of it would have them."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tuner.core.errors import TunerError, one_line
from tuner.core.units import counted, format_number
from tuner.data.cells import texts_of
from tuner.data.table_record import Record

MOST_BYTES = 200 << 20  # of a workbook's XML: openpyxl takes about 5 times as much memory


def read_workbook(path: Path, content: bytes) -> tuple[Iterator[Record], list[str]]:
    """The rows of the first sheet that has two, and notes: which sheet it is, merged cells, hidden rows.

    Values are those that Excel has stored, whatever their format on the screen.

    Raises:
        TunerError: openpyxl is not installed, the workbook is damaged, or a formula has no value.
    """
    book = _open(path, content, formulas=True)
    sheets = [sheet for sheet in book.worksheets if _rows(sheet) > 1]
    sheets.sort(key=lambda sheet: sheet.sheet_state != "visible")
    if not sheets:
        raise TunerError(f"{path}: no sheet has a header and rows")
    notes = []
    sheet = sheets[0]
    if len(book.worksheets) > 1:
        others = ", ".join(f"'{each.title}'" for each in book.worksheets if each is not sheet)
        notes.append(f"the sheet '{sheet.title}' is read, and not {others}")
    hidden = [number for number, row in sheet.row_dimensions.items() if row.hidden and number <= sheet.max_row]
    if hidden:
        notes.append(f"{counted(len(hidden), 'hidden row')} read as the others, the first in line {min(hidden)}")
    merged = _fill_merged(sheet)
    formulas = [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    if formulas:
        values = _open(path, content, formulas=False)[sheet.title]
        for cell in formulas:
            value = values[cell.coordinate].value
            if value is None:
                raise TunerError(
                    f"{path}: the sheet '{sheet.title}' has a formula in {cell.coordinate} whose result is not stored: "
                    f"open the workbook in a spreadsheet program and save it there"
                )
            cell.value = value
    return _records(sheet), notes + merged


def _open(path: Path, content: bytes, *, formulas: bool) -> Any:
    try:
        import openpyxl  # noqa: PLC0415 - optional
    except ImportError:
        raise TunerError(
            f"{path}: reading workbooks needs openpyxl: pip install openpyxl, or save the sheet as .csv"
        ) from None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(each.file_size for each in archive.infolist() if each.filename.endswith(".xml"))
    if size > MOST_BYTES:
        most = format_number(MOST_BYTES, "B")
        raise TunerError(f"{path}: its sheets have more than {most} of XML: save the one to be read as .csv")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about colours, drop-down lists and other things of the screen
            return openpyxl.load_workbook(io.BytesIO(content), data_only=not formulas)
    except Exception as error:  # what a damaged XML file leads to
        raise TunerError(f"{path}: the workbook cannot be read: {one_line(error)}") from None


def _rows(sheet: Any) -> int:
    """The number of rows that are not empty, up to two."""
    found = 0
    for row in sheet.iter_rows(values_only=True):
        found += any(value is not None for value in row)
        if found > 1:
            break
    return found


def _fill_merged(sheet: Any) -> list[str]:
    """Gives the value of cells that are merged over rows to each of them, and says so; and which are over columns."""
    merged = sorted(sheet.merged_cells.ranges, key=lambda each: (each.min_row, each.min_col))
    over_rows = [each for each in merged if each.min_row < each.max_row and each.min_col == each.max_col]
    for each in over_rows:
        value = sheet.cell(each.min_row, each.min_col).value
        sheet.unmerge_cells(str(each))
        for number in range(each.min_row, each.max_row + 1):
            sheet.cell(number, each.min_col).value = value
    notes = []
    if over_rows:
        what = f"{counted(len(over_rows), 'cell')} merged over rows, such as {_area(over_rows[0])}"
        notes.append(f"{what}: each of the rows gets the value")
    over_columns = [each for each in merged if each.min_col < each.max_col and not _is_alone(sheet, each)]
    if over_columns:
        what = f"{counted(len(over_columns), 'cell')} merged over columns, such as {_area(over_columns[0])}"
        notes.append(f"{what}: the first column has the value, the others are empty")
    return notes


def _area(merged: Any) -> str:
    return str(merged.coord)


def _is_alone(sheet: Any, merged: Any) -> bool:
    """Whether nothing else is in the row, as with a title."""
    return sum(cell.value is not None for cell in sheet[merged.min_row]) < 2


def _records(sheet: Any) -> Iterator[Record]:
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = np.empty(len(row), dtype=object)
        cells[:] = row
        texts = zip(row, texts_of(cells).tolist(), strict=True)
        yield Record.of(number, [value if isinstance(value, str) else text for value, text in texts])
