"""Parquet files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from support.table_files import refusal, rows, write

from tuner.data.tables import Table, read_table


def read(folder: Path, frame: pd.DataFrame) -> Table:
    frame.to_parquet(folder / "table.parquet")
    return read_table(folder / "table.parquet")


def test_values_become_the_text_of_a_csv_file(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "real": [1.5, None, 3.0],
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "time": pd.to_datetime(["2025-01-01", "2025-01-02 10:00", None], format="mixed"),
            "ok": [True, False, True],
            "colour": pd.Categorical(["red", "blue", "red"]),
            "kind": [" x", "y", None],
        }
    )
    table = read(tmp_path, frame)
    assert rows(table)[1:] == [
        ["1.5", "1", "2025-01-01", "True", "red", "x"],
        ["", "", "2025-01-02 10:00:00", "False", "blue", "y"],
        ["3", "3", "", "True", "red", ""],
    ]
    assert table.notes == ()


def test_an_index_with_a_name_is_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "kind": ["x", "y"]})
    assert rows(read(tmp_path, frame.set_index("kind"))) == [["kind", "a"], ["x", "1"], ["y", "2"]]
    table = read(tmp_path, frame.set_axis(["p", "q"]))
    assert rows(table)[0] == ["a", "kind"]
    assert table.notes == ("the index of the frame, such as 'p', is left out: it has no name",)


def test_names_are_names_even_if_they_are_numbers(tmp_path: Path) -> None:
    assert rows(read(tmp_path, pd.DataFrame({"7": [1.5, 2], "9": [3, 4]})))[0] == ["7", "9"]


def test_what_is_no_table_of_cells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": [[1], [2]]}).to_parquet(path)
    assert refusal(path).startswith(": column 'a' holds list<")
    assert refusal(write(tmp_path, path.read_bytes()[:-9])).startswith(": the Parquet file cannot be read: ")
    pd.DataFrame({"a": []}).to_parquet(path)
    assert refusal(path) == ": there are no rows after the header"
