"""Times of the day and durations, and the columns that hold them."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.table_columns import only

from tuner.data.columns import encode_rows, examine_rows
from tuner.data.spec import Column
from tuner.data.tables import read_table
from tuner.data.times import Clock, choose_clock, parse_time, time_text


def hours(column: Column, *cells: object) -> list[float]:
    frame = pd.DataFrame({"x": pd.Series(list(cells), dtype=object)})
    return [float(value) for value in encode_rows(frame, [column], "rows")[:, 0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14:30", 14.5),
        ("14:30:36", 14.51),
        ("3:30 PM", 15.5),
        ("12:30 a.m.", 0.5),
        ("00:00:36.5", 36.5 / 3600),
        ("1h 30m", 1.5),
        ("1 hour and 30 minutes", 1.5),
        ("1,5 Std.", 1.5),
        ("14h30", 14.5),
        ("2 days 3 hours", 51),
        ("0 days 00:01:12", 0.02),
        ("1 day, 2:00:00", 26),
        ("-1 days +23:00:00", -1),
        ("PT1H30M", 1.5),
        ("P1DT0.5H", 24.5),
        ("500 ms", 0.5 / 3600),
    ],
)
def test_a_time_is_read_in_hours(text: str, expected: float) -> None:
    assert parse_time(text, "h:m:s") == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("text", ["16:9", "1:75", "13:05 PM", "P1M", "P", "PT", "5 M", "3m 2d", "1h x", "45", "", "7."])
def test_what_is_none_is_not(text: str) -> None:
    assert parse_time(text, "h:m:s") is None


@pytest.mark.parametrize(
    ("texts", "clock", "ambiguous"),
    [
        (["14:05", "9:30", "closed"], "h:m", False),
        (["14:05:30", "1h 30m", "2 days"], "h:m:s", False),
        (["3:04 PM", "9:30 AM"], "12h", False),
        (["59:10", "1:05:42"], "m:s", False),
        (["5:10.5", "7:12.3"], "m:s", False),
        (["5:10", "1:05:42"], "h:m:s", True),
    ],
)
def test_two_numbers_with_a_colon_are_what_the_column_shows(texts: list[str], clock: Clock, ambiguous: bool) -> None:
    choice = choose_clock(dict.fromkeys(texts, 1))
    assert (choice.clock, choice.ambiguous) == (clock, ambiguous)


def test_m_alone_is_no_minute() -> None:
    assert choose_clock({"45m": 3, "2d": 2}).read == 0
    assert choose_clock({"45m": 3, "2d": 2, "3h": 1}).read == 6


def test_a_column_of_durations_takes_each_kind_of_them() -> None:
    column, notes = only([f"{n % 5}h {n % 60}m" for n in range(60)])
    assert (column.clock, column.categories) == ("h:m:s", ())
    assert notes == ("column 'x': '0h 0m' is read as 0 hours",)
    same = ["1h 30m", "90 min", "PT1.5H", "1:30", datetime.timedelta(hours=1.5), pd.Timedelta("90min")]
    assert hours(column, *same, np.timedelta64(90, "m")) == [1.5] * 7


def test_the_example_of_a_doubtful_time_is_one() -> None:
    _, notes = only(["see: below", *(f"{n % 9}:{n:02d}" for n in range(60)), "1:05:42"])
    assert notes[0] == "column 'x': '0:00' is read as hours and minutes, which the column leaves open"


def test_a_time_of_the_day_takes_values_of_python() -> None:
    for column in (
        only([f"{n % 24}:{n:02d}" for n in range(60)])[0],
        only([f"{n % 12 + 1}:07 pm" for n in range(60)])[0],
    ):
        assert hours(column, datetime.time(15, 30), "15:30:00", "3:30 PM", "") == [15.5, 15.5, 15.5, column.fill]


@pytest.mark.parametrize(
    ("trained", "cell", "needed"),
    [
        ("{}:07 pm", "3:04", "a time such as '3:04 PM'"),  # in the morning, or in the afternoon
        ("{}:07", datetime.timedelta(minutes=5), "a time such as '14:05'"),  # of hours, or of minutes
        ("{}:07", 14, "a time such as '14:05'"),
        ("{}h 5m", 90, "a time such as '1h 30m' or '01:30:00'"),
    ],
)
def test_what_may_be_another_time_is_refused(trained: str, cell: object, needed: str) -> None:
    column, _ = only([trained.format(n % 9 + 1) for n in range(60)])
    examined = examine_rows(pd.DataFrame({"x": pd.Series([cell], dtype=object)}), [column], "rows")
    assert examined.bad[0][1].startswith(f"column 'x' must be {needed}, got ")


def test_durations_of_a_parquet_file_are_read_as_those_of_its_frame(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": pd.to_timedelta([f"{n} min" for n in range(60)]), "y": ["a", "b"] * 30})
    frame.loc[3, "x"] = pd.NaT
    frame.to_parquet(tmp_path / "t.parquet")
    column, _ = only(read_table(tmp_path / "t.parquet").frame["x"].tolist())
    content = io.BytesIO((tmp_path / "t.parquet").read_bytes())
    for rows in (frame, pd.read_parquet(content), pd.read_parquet(content, dtype_backend="pyarrow")):
        features = encode_rows(rows, [column], "rows")[:, 0]
        assert features[[0, 1, 3]].tolist() == [0, 1 / 60, column.fill]


def test_hours_become_text_that_is_read_as_they_are() -> None:
    for clock in ("h:m", "h:m:s", "m:s", "12h"):
        for value in (0.0, 0.5, 14.25, 51.0, 0.5 / 3600, 12002.0, 876_000.25):
            assert parse_time(time_text(value), clock) == pytest.approx(value, rel=1e-9)
