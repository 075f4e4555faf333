"""Rows of text to features that the training rows have defined."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from tuner.core.errors import TunerError
from tuner.data.columns import encode_rows, fit_columns, left_out
from tuner.data.spec import Column
from tuner.data.tables import read_table


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)


class TestFitColumns:
    def test_numbers_stay_numbers_with_their_mean_for_missing_ones(self) -> None:
        (column,) = fit_columns(frame(x=["1", "-2.5e0", "", "NaN", "?", "7"]))
        assert (column.name, column.categories, column.width) == ("x", (), 1)
        assert column.fill == pytest.approx(5.5 / 3)

    def test_text_becomes_categories(self) -> None:
        columns = fit_columns(frame(size=["small", "large", "", "large", "small"], flag=["yes", "", "yes", "yes", ""]))
        assert columns == (Column(name="size", categories=("large", "small")), Column(name="flag", categories=("yes",)))

    def test_a_cell_that_is_no_finite_number_makes_categories(self) -> None:
        for cell in ("inf", "-Infinity", "1e39", "one"):
            (column,) = fit_columns(frame(x=["1", "1", "2", "2", cell, cell]))
            assert column.categories == tuple(sorted(("1", "2", cell)))

    def test_the_rarest_of_many_categories_are_dropped(self) -> None:
        cells = [f"c{number:02}" for number in range(60) for _ in range(2 + (number >= 10))]
        (column,) = fit_columns(frame(x=cells))
        assert column.categories == tuple(f"c{number:02}" for number in range(10, 60))

    def test_what_carries_nothing_is_left_out_with_the_reason(self) -> None:
        rows = frame(
            good=["1", "2", "3", "4"],
            empty=["", "", "", ""],
            same=["x", "x", "x", "x"],
            constant=["5", "5.0", "", "5"],
            name=["Ann", "Bob", "Cid", "Ann"],
            almost=["1", "2", "3", "four"],
        )
        rows.insert(0, "", ["0", "1", "2", "3"])
        assert [column.name for column in fit_columns(rows)] == ["good"]
        assert left_out(rows) == (
            "column '' left out: it has no name",
            "column 'empty' left out: it is empty",
            "column 'same' left out: all its cells are the same",
            "column 'constant' left out: all its numbers are the same",
            "column 'name' left out: 3 different texts in 4 cells",
            "column 'almost' left out: 4 different texts in 4 cells (most are numbers, but 'four' is not)",
        )

    def test_a_column_of_missing_marks_has_no_number(self) -> None:
        assert left_out(frame(x=["NA", "", "nan"])) == ("column 'x' left out: it has no number",)


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

    @pytest.mark.parametrize("cell", ["forty", "inf", "1e39", "1,5", "0x10", "1_000"])
    def test_names_the_cell_that_is_no_number(self, tmp_path: Path, cell: str) -> None:
        path = tmp_path / "table.csv"
        path.write_text(f'size,age\nsmall,1\n\nsmall,"{cell}"\n')
        with pytest.raises(TunerError) as error:
            encode_rows(read_table(path).frame, self.COLUMNS, "new.csv")
        assert str(error.value) == f"new.csv, line 4: column 'age' must be a number, got '{cell}'"
        with pytest.raises(TunerError, match=r"^samples, row 1: column 'age'"):
            encode_rows(frame(size=["", ""], age=["1", cell]), self.COLUMNS, "samples")

    def test_agrees_with_what_was_fitted(self) -> None:
        rows = frame(a=["1", "2", "", "4"], b=["x", "y", "x", "y"])
        features = encode_rows(rows, fit_columns(rows), "here")
        assert features[:, 0].tolist() == pytest.approx([1, 2, 7 / 3, 4])
        assert features[:, 1:].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


def test_a_column_that_numbers_the_rows_is_left_out_since_it_may_give_the_class_away() -> None:
    rising = [str(2 * number) for number in range(12)]
    measured = ["1", "2", "3", "5", "4", "6", "7", "8", "9", "10", "11", "12"]
    frame = pd.DataFrame({"id": rising, "size": measured, "weight": [f"{n}.5" for n in range(12)]}, dtype=object)
    assert [column.name for column in fit_columns(frame)] == ["size", "weight"]
    [note] = left_out(frame)
    assert note.startswith("column 'id' left out: it numbers the rows")
    assert [column.name for column in fit_columns(frame[:9])] == ["id", "size", "weight"]  # by chance, perhaps
