"""Rows to features, as the columns say."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tuner.core.errors import TunerError
from tuner.data.columns import encode_rows, examine_rows
from tuner.data.dates import PARTS
from tuner.data.spec import Column
from tuner.data.tables import read_table


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)


class TestEncodeRows:
    COLUMNS = (Column(name="age", fill=40.0), Column(name="size", categories=("large", "small")))

    def test_gives_a_feature_a_number_and_one_a_category(self) -> None:
        rows = frame(
            size=["small", "large", "huge", "", " small "], age=["1.5", "", "n/a", "-3", " 4 "], more=["x"] * 5
        )
        features = encode_rows(rows, self.COLUMNS, "here")
        assert features.dtype == torch.float64
        assert features.tolist() == [[1.5, 0, 1], [40, 1, 0], [40, 0, 0], [-3, 0, 0], [4, 0, 1]]

    def test_names_the_column_that_is_missing(self) -> None:
        with pytest.raises(TunerError) as error:
            encode_rows(frame(age=["1"], weight=["2"]), self.COLUMNS, "new.csv")
        assert str(error.value) == "new.csv: there is no column 'size', the columns are 'age', 'weight'"

    @pytest.mark.parametrize("cell", ["forty", "1e39", "1,500", "0x10", "1_000", "2 kg"])
    def test_names_the_cell_that_is_no_number(self, tmp_path: Path, cell: str) -> None:
        path = tmp_path / "table.csv"
        path.write_text(f'size,age\nsmall,1\n\nsmall,"{cell}"\n')
        with pytest.raises(TunerError) as error:
            encode_rows(read_table(path).frame, self.COLUMNS, "new.csv")
        assert str(error.value) == f"new.csv, line 4: column 'age' must be a number, got '{cell}'"
        with pytest.raises(TunerError, match=r"^samples, row 1: column 'age'"):
            encode_rows(frame(size=["", ""], age=["1", cell]), self.COLUMNS, "samples")

    def test_a_row_that_cannot_be_read_is_listed_and_the_others_are_read(self) -> None:
        rows = frame(size=["small", "huge", "large", "small"], age=["1", "2", "old", "4"])
        examined = examine_rows(rows, self.COLUMNS, "here")
        assert examined.bad == ((2, "column 'age' must be a number, got 'old'"),)
        assert examined.notes == (
            "column 'size': 1 of 4 cells have a category that training did not know, such as 'huge'",
        )
        assert examined.features.tolist() == [[1, 0, 1], [2, 0, 0], [40, 1, 0], [4, 0, 1]]

    def test_a_word_that_was_missing_in_training_is_missing_again(self) -> None:
        column = Column(name="x", fill=3.0, missing=("oops",))
        assert encode_rows(frame(x=["1", "oops"]), [column], "here").tolist() == [[1], [3]]

    def test_a_file_from_another_country_is_read_where_it_can_mean_one_thing(self) -> None:
        examined = examine_rows(frame(x=["4,0", "12", "1.234,5"]), [Column(name="x")], "here")
        assert (examined.features.tolist(), examined.bad) == ([[4], [12], [1234.5]], ())
        assert examined.notes == ("column 'x': '4,0' is read as 4",)
        examined = examine_rows(frame(x=["1,234", "12"]), [Column(name="x")], "here")
        assert examined.bad == ((0, "column 'x' must be a number, got '1,234'"),)

    def test_a_percentage_must_say_so(self) -> None:
        column = Column(name="x", unit="%")
        assert encode_rows(frame(x=["12%", "5 %"]), [column], "here").tolist() == [[12], [5]]
        with pytest.raises(TunerError, match=r"row 0: column 'x' must be a percentage such as '12%', got '0.12'"):
            encode_rows(pd.DataFrame({"x": [0.12]}), [column], "here")

    def test_a_date_may_come_as_one(self) -> None:
        column = Column(name="x", date_order="dmy", parts=("month", "days"))
        expected = [[1.0, 19753.0]]
        for cell in ("31/01/2024", "2024-01-31", pd.Timestamp("2024-01-31"), datetime.date(2024, 1, 31)):
            assert encode_rows(pd.DataFrame({"x": [cell]}), [column], "here").tolist() == expected
        assert encode_rows(pd.DataFrame({"x": pd.to_datetime(["2024-01-31"])}), [column], "here").tolist() == expected
        with pytest.raises(TunerError, match="column 'x' must be a date such as 2025-01-31, got 'soon'"):
            encode_rows(frame(x=["soon"]), [column], "here")

    def test_a_column_of_a_version_before_is_read_as_it_was(self) -> None:
        column = Column(name="x", categories=("NA", "TRUE", "True", "a"))
        rows = encode_rows(frame(x=["NA", "TRUE", "True", "true", "a", ""]), [column], "here")
        assert rows.argmax(1).tolist()[:5] == [0, 1, 2, 1, 3]
        assert not rows[5].any()


ODD: list[Any] = [
    None,
    float("nan"),
    pd.NA,
    pd.NaT,
    True,
    np.bool_(False),
    3,
    2.5,
    np.float32(0.1),
    float("inf"),
    1e300,
]
ODD += [10**400, Decimal("2.5"), Decimal("NaN"), datetime.date(2024, 1, 2), np.datetime64("NaT"), datetime.time(3)]
ODD += [pd.Timestamp("2024-01-02", tz="UTC"), pd.Timedelta("1D"), b"red", b"\xff", [1, 2], {"a": 1}, 1j, object()]
ODD += [
    "",
    " ",
    "NA",
    "-",
    "1,2",
    "(3)",
    "\u2212",
    "%",
    "$",
    "\u0663",
    "1e999",
    "9" * 400,
    "\x00",
    "2024-02-30",
    "a\nb",
]


@pytest.mark.parametrize(
    "column",
    [
        Column(name="x"),
        Column(name="x", decimal=",", thousands="."),
        Column(name="x", unit="%"),
        Column(name="x", unit="kg", thousands="'"),
        Column(name="x", date_order="dmy", parts=PARTS),
        Column(name="x", categories=("a", "3", "True")),
    ],
)
def test_a_value_of_any_type_is_read_or_listed_as_bad(column: Column) -> None:
    for cells in ([value] for value in ODD):
        examined = examine_rows(pd.DataFrame({"x": pd.Series(cells, dtype=object)}), [column], "here")
        assert torch.isfinite(examined.features).all(), cells
        assert not any("\n" in line for line in (*examined.notes, *dict(examined.bad).values()))
    mixed = examine_rows(pd.DataFrame({"x": pd.Series(ODD, dtype=object)}), [column], "here")
    assert torch.isfinite(mixed.features).all()
