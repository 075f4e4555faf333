"""Rows that sum up the others, and headers of two lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from support.table_files import read, refusal, write

from tuner.data.tables import read_table

LINES = [f"shop {n},{n * 3},{n / 2},{'xy'[n % 2]}" for n in range(1, 11)]


def table(*more: str) -> str:
    return "\n".join(["name,sold,weight,kind", *LINES, *more]) + "\n"


def test_totals_are_no_rows(tmp_path: Path) -> None:
    found = read(tmp_path, table("Total,165,,x", "Average:,16.5,2.75,"))
    assert len(found.frame) == 10
    assert found.notes == ("2 rows at the end left out, which sum up the others: 'Total'",)


def test_totals_of_parquet_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    lines = [line.split(",") for line in (*LINES, "Total,165,27.5,")]
    frame = pd.DataFrame(lines, columns=["name", "sold", "weight", "kind"]).astype({"sold": int, "weight": float})
    frame.to_parquet(path)
    found = read_table(path, target="kind")
    assert (len(found.frame), found.notes) == (10, ("1 row at the end left out, which sum up the others: 'Total'",))
    assert len(read_table(path, columns=["sold"]).frame) == 11  # each row to predict is answered


def test_a_row_that_is_called_so_and_sums_up_nothing_is_kept(tmp_path: Path) -> None:
    found = read(tmp_path, table("Total,3,4.5,x"))
    assert (len(found.frame), found.notes) == (11, ())


def test_a_row_to_predict_is_always_kept(tmp_path: Path) -> None:
    assert len(read(tmp_path, table("Total,165,27.5,x"), columns=["sold", "weight"]).frame) == 11


def test_a_header_of_two_levels_is_refused_with_the_change(tmp_path: Path) -> None:
    values = np.arange(40.0).reshape(10, 4) / 7
    frame = pd.DataFrame(values, columns=pd.MultiIndex.from_product([["open", "close"], ["mean", "std"]]))
    frame["kind", ""] = ["u", "v"] * 5
    for content in (frame.to_csv(), frame.to_csv(index=False), frame.rename_axis("id").to_csv()):
        refused = refusal(write(tmp_path, content))
        assert refused.startswith(
            ", line 1: the header has two lines, such as 'open' above 'mean': write one name for e"
        )
    frame.columns = pd.Index(["_".join(map(str, names)).strip("_") for names in frame.columns])
    found = read(tmp_path, frame.to_csv(index=False))
    assert list(found.frame.columns) == ["open_mean", "open_std", "close_mean", "close_std", "kind"]
