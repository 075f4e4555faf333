"""Cells that say nothing to the model."""

from __future__ import annotations

import pandas as pd

from tuner.data.columns import examine_rows
from tuner.data.spec import Column
from tuner.training.cell_notes import MISSING_KIND, UNKNOWN_KIND, cell_notes

COLUMNS = (
    Column(name="age", fill=40, missing=("lost",)),
    Column(name="day", fill=20_000, missing=("9999-12-31",), date_order="ymd", parts=("year", "month")),
    Column(name="sold", categories=("FALSE", "TRUE")),
)


def noted(age: str = "30", day: str = "2025-01-31", sold: str = "TRUE") -> list[str]:
    frame = pd.DataFrame({"age": [age], "day": [day], "sold": [sold]}, dtype=object)
    [notes] = cell_notes(COLUMNS, frame, examine_rows(frame, COLUMNS, "here"))
    return [str(note) for note in notes]


def test_what_the_model_reads_has_no_note() -> None:
    assert noted() == []
    assert noted(age="40") == []  # the mean itself
    assert noted(sold="true") == []
    assert noted(sold="") == []  # a missing category is none, and nothing is taken for it


def test_unknown_categories_and_missing_values_are_named() -> None:
    assert noted(sold="maybe") == [f"{UNKNOWN_KIND}: sold 'maybe'"]
    assert noted(age="") == noted(age="n.a.") == noted(age="lost") == [f"{MISSING_KIND}: 'age'"]
    assert noted(age="?", day="") == [f"{MISSING_KIND}: 'age', 'day'"]


def test_a_date_that_stands_for_none_is_a_missing_value_however_it_is_written() -> None:
    assert noted(day="9999-12-31 00:00:00") == noted(day="9999/12/31") == [f"{MISSING_KIND}: 'day'"]


def test_a_short_year_is_missing_in_the_century_of_its_column() -> None:
    column = Column(
        name="day", fill=-9_000, missing=("1900-01-01",), date_order="dmy", latest_year=1950, parts=("year", "month")
    )
    frame = pd.DataFrame({"day": ["01.01.00", "01.01.49"]}, dtype=object)
    noted, plain = cell_notes([column], frame, examine_rows(frame, [column], "here"))
    assert ([str(note) for note in noted], plain) == ([f"{MISSING_KIND}: 'day'"], ())


def test_a_row_that_cannot_be_read_is_not_missing() -> None:
    frame = pd.DataFrame({"age": ["soon", "", "30"]}, dtype=object)
    examined = examine_rows(frame, COLUMNS[:1], "here")
    assert [bool(notes) for notes in cell_notes(COLUMNS[:1], frame, examined)] == [False, True, False]
    assert examined.all_notes() == ("missing values in 3 rows, for which the mean of training is taken: 'age' (1)",)
