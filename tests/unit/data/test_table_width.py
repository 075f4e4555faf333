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


def test_lines_without_columns_have_none() -> None:
    assert fixed_columns(["a name", "this and that", "more of it all"]) == ()
    assert fixed_columns(["a   b", "1   2"]) == ()
