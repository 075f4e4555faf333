"""Lines whose columns have a fixed width."""

from __future__ import annotations

from pathlib import Path

from support.table_files import read, rows

from tuner.data.table_width import fixed_columns


def test_fixed_width_with_words_and_gaps(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "name        age kind\nAnn Lee      37 x\nBob          41 y\nCy de Vries     x\n              9 y\n",
    )
    assert rows(table) == [["name", "age", "kind"], ["Ann Lee", "37", "x"], ["Bob", "41", "y"],
                           ["Cy de Vries", "", "x"], ["", "9", "y"]]  # fmt: skip
    assert table.notes == ("columns of fixed width, which begin at 1, 13, 17",)


def test_what_sqlite_and_pandas_print(tmp_path: Path) -> None:
    expected = [["a", "colour", "kind"], ["1.5", "light blue", "x"], ["2.5", "red", "y"], ["3.5", "red", "x"]]
    table = read(tmp_path, "a    colour      kind\n---  ----------  ----\n1.5  light blue  x\n2.5  red         y\n"
                           "3.5  red         x\n")  # fmt: skip
    assert rows(table) == expected
    table = read(tmp_path, "     a      colour kind\n0  1.5  light blue    x\n1  2.5         red    y\n"
                           "2  3.5         red    x\n\n[3 rows x 3 columns]\n")  # fmt: skip
    assert (rows(table), table.bad) == (expected, ())


def test_two_columns_are_not_read_as_one(tmp_path: Path) -> None:
    table = read(tmp_path, "a  b c\n1  2    x y\n22 3    z\n3  4    x y\n")
    assert "b c" not in rows(table)[0]


def test_lines_without_columns_have_none() -> None:
    assert fixed_columns(["a name", "this and that", "more of it all"]) == ()
    assert fixed_columns(["a   b", "1   2"]) == ()
