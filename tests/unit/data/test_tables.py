"""Files of rows to a frame of text: what the one function gives, whatever the file is."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
from support.table_files import refusal, write

from tuner.data.tables import read_table

ROWS = {"a": ["1", "2"], "b": ["x", "y"]}
TEXT = "a,b\n1,x\n2,y\n"


def cells(path: Path) -> dict[str, list[str]]:
    return {str(name): column.tolist() for name, column in read_table(path).frame.items()}


def test_gives_text_as_it_stands_and_the_lines_it_stands_in(tmp_path: Path) -> None:
    path = write(tmp_path, 'name, age\n"Ann, ""A""",007\n\n"two\nlines", \nNA,nan\n')
    frame, notes, bad, _ = read_table(path)
    assert frame.to_dict("list") == {"name": ['Ann, "A"', "two\nlines", "NA"], "age": ["007", "", "nan"]}
    assert frame.index.tolist() == [2, 4, 6]
    assert frame.index.name == "line"
    assert (notes, bad) == ((), ())


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        b"a;b\r\n1;x\r\n2;y\r\n",
        b"a\tb\n1\tx\n2\ty",
        b"\xef\xbb\xbfa,b\n1,x\n2,y\n",
        b"\na,b\n1,x\n2,y\n",
        b'"a","b"\n"1","x"\n"2","y"\n',
        b"a,b\r1,x\r2,y\r",
        gzip.compress(TEXT.encode(), mtime=0),
    ],
)
def test_takes_the_usual_forms_without_a_word(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path, content)
    assert cells(path) == ROWS
    assert read_table(path).notes == ()


def test_cells_are_not_changed(tmp_path: Path) -> None:
    assert cells(write(tmp_path, "a;b;c\n1,5;-0,25;red, blue\n,5;1,2,3;7\n")) == {
        "a": ["1,5", ",5"],
        "b": ["-0,25", "1,2,3"],
        "c": ["red, blue", "7"],
    }


@pytest.mark.parametrize("content", [b"", b"\n\n", b",,\n,,\n"])
def test_a_file_without_anything_is_empty(tmp_path: Path, content: bytes) -> None:
    assert refusal(write(tmp_path, content)) == ": the file is empty: a header and rows are expected"


def test_a_header_alone_is_no_table(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, "a,b\n")) == ": there are no rows after the header"


def test_the_line_for_excel_is_obeyed(tmp_path: Path) -> None:
    frame, notes, _, _ = read_table(write(tmp_path, "sep=|\r\na|b\r\n1|x\r\n2|y\r\n"))
    assert frame.to_dict("list") == ROWS
    assert frame.index.tolist() == [3, 4]
    assert notes == ("the first line, 'sep=|', is for Excel, and passed over", "cells are separated by |")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.csv") == ": No such file or directory"


class TestFolder:
    """Several files of one table."""

    def test_they_are_read_in_order_of_name_whatever_the_order_of_columns(self, tmp_path: Path) -> None:
        write(tmp_path, "b;a\nx;1\n", "2.csv")
        write(tmp_path, "a,b\n2,y\n", "10.csv.txt")
        pd.DataFrame({"a": [3], "b": ["z"]}).to_parquet(tmp_path / "3.parquet")
        frame, notes, bad, _ = read_table(tmp_path)
        assert frame.to_dict("list") == {"a": ["2", "1", "3"], "b": ["y", "x", "z"]}
        assert frame.index.tolist() == ["2 of 10.csv.txt", "2 of 2.csv", "2 of 3.parquet"]
        assert notes == ("3 files of one table, from 10.csv.txt to 3.parquet",)
        assert bad == ()

    def test_notes_and_bad_rows_say_which_file(self, tmp_path: Path) -> None:
        for name in ("a.csv", "b.csv"):
            write(tmp_path, "a,b,\n1,x\n2,y\n", name)
        write(tmp_path, "a,b\n1,x\n2\n", "c.csv")
        for name in ("notes.md", "_SUCCESS", ".hidden.csv"):
            write(tmp_path, "", name)
        _, notes, bad, _ = read_table(tmp_path)
        assert notes[1:] == (
            "1 other file in the folder passed over, such as 'notes.md'",
            "a.csv and 1 more: the header ends with a separator too many",
        )
        assert [str(row) for row in bad] == ["line 3 of c.csv: 1 cell instead of the 2 of the header: '2'"]

    def test_other_columns_are_refused(self, tmp_path: Path) -> None:
        write(tmp_path, "a,b\n1,x\n", "a.csv")
        write(tmp_path, "a,c\n1,x\n", "b.csv")
        expected = "/b.csv: the tables of a folder must have the same columns: 'b' is missing, 'c' is not in a.csv"
        assert refusal(tmp_path) == expected

    def test_parts_are_joined_with_a_note(self, tmp_path: Path) -> None:
        for name in ("test.csv", "train.csv"):
            write(tmp_path, TEXT, name)
        note = "test.csv and train.csv: read as parts of one table, of which a test split is held out anew"
        assert read_table(tmp_path).notes[1] == note

    def test_a_folder_without_tables_is_refused(self, tmp_path: Path) -> None:
        assert refusal(tmp_path) == ": there is no table in the folder, such as a .csv"
