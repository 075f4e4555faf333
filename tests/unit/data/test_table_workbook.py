"""Sheets of Excel."""

from __future__ import annotations

import datetime
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support.table_files import refusal, rows, write

from tuner.data.tables import Table, read_table


def book(fill: Callable[[Any], None]) -> bytes:
    workbook = openpyxl.Workbook()
    fill(workbook)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def append(*lines: list[Any]) -> Callable[[Any], None]:
    def fill(workbook: Any) -> None:
        for line in lines:
            workbook.active.append(line)

    return fill


def read(folder: Path, fill: Callable[[Any], None]) -> Table:
    return read_table(write(folder, book(fill), "table.xlsx"))


def test_values_become_the_text_of_a_csv_file(tmp_path: Path) -> None:
    day, time = datetime.date(2025, 1, 31), datetime.datetime(2025, 1, 31, 12, 30)
    table = read(tmp_path, append(["a", "day", "ok"], [1.0, day, True], [0.25, time, False], [None, "#N/A", " no "]))
    assert rows(table)[1:] == [["1", "2025-01-31", "True"], ["0.25", "2025-01-31 12:30:00", "False"],
                               ["", "#N/A", "no"]]  # fmt: skip
    assert table.notes == ()
    assert table.frame.index.tolist() == [2, 3, 4]


def test_spaces_around_texts_are_left_out_and_told(tmp_path: Path) -> None:
    table = read(tmp_path, append([" a ", "kind"], ["u", "x "], ["v", "x"], ["w ", "\xa0x"]))
    assert rows(table) == [["a", "kind"], ["u", "x"], ["v", "x"], ["w", "x"]]
    assert table.padding_notes("kind") == [
        "2 rows with spaces around the 'kind', which are left out, the first in line 2: 'x'"
    ]


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    path = write(tmp_path, book(append(["a", "b"], [1, "x"], [2, "y"])), "table.csv")
    assert rows(read_table(path))[1:] == [["1", "x"], ["2", "y"]]


def test_the_first_sheet_with_rows_is_read_wherever_its_table_is(tmp_path: Path) -> None:
    def fill(workbook: Any) -> None:
        workbook.active["A1"] = "About"
        sheet = workbook.create_sheet("Data")
        sheet["B2"] = "Report 2025"
        lines: list[list[Any]] = [["a", "b", "kind"], [1, 2, "x"], [2, 3, "y"]]
        for number, line in enumerate(lines, start=4):
            for column, value in enumerate(line, start=2):
                sheet.cell(number, column).value = value

    table = read(tmp_path, fill)
    assert rows(table) == [["a", "b", "kind"], ["1", "2", "x"], ["2", "3", "y"]]
    assert table.notes == (
        "the sheet 'Data' is read, and not 'Sheet'",
        "1 line before the header passed over, the first is 'Report 2025'",
        "1 empty column without a name left out",
    )


def test_merged_cells_and_hidden_rows_are_told(tmp_path: Path) -> None:
    def fill(workbook: Any) -> None:
        append(["kind", "a", "b"], ["x", 1, 2], [None, 2, 3], ["y", 3, None])(workbook)
        workbook.active.merge_cells("A2:A3")
        workbook.active.merge_cells("B4:C4")
        workbook.active.row_dimensions[3].hidden = True

    table = read(tmp_path, fill)
    assert rows(table)[1:] == [["x", "1", "2"], ["x", "2", "3"], ["y", "3", ""]]
    assert table.notes == (
        "1 hidden row read as the others, the first in line 3",
        "1 cell merged over rows, such as A2:A3: each of the rows gets the value",
        "1 cell merged over columns, such as B4:C4: the first column has the value, the others are empty",
    )


def test_a_formula_without_its_result_is_refused(tmp_path: Path) -> None:
    content = book(append(["kind", "a"], ["x", "=1+1"], ["y", 2]))
    assert refusal(write(tmp_path, content)) == (
        ": the sheet 'Sheet' has a formula in B2 whose result is not stored: open the workbook in a spreadsheet "
        "program and save it there"
    )


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    content = book(append(["a", "b"], [1, "x"], [2, "y"]))
    assert refusal(write(tmp_path, content[:2000])).startswith(": the zip file is damaged: ")
    broken = content.replace(content[200:300], bytes(100))
    assert refusal(write(tmp_path, broken)).startswith((": the workbook cannot be read: ", ": the zip file is damaged"))
    assert refusal(write(tmp_path, book(append(["a", "b"])))) == ": no sheet has a header and rows"


def test_openpyxl_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, book(append(["a", "b"], [1, "x"])), "table.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert refusal(path) == ": reading workbooks needs openpyxl: pip install openpyxl, or save the sheet as .csv"
