"""Columns of dates: the century of years of two digits, dates that stand for none, and what is told."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from support.table_columns import only

from tuner.data.centuries import choose_latest, full_year
from tuner.data.columns import encode_rows
from tuner.data.date_sentinels import find_sentinels
from tuner.data.dates import parse_date, to_days
from tuner.data.spec import Column


def years(column: Column, cells: list[object]) -> list[float]:
    frame = pd.DataFrame({"x": pd.Series(cells, dtype=object)})
    features = encode_rows(frame, [column], "rows")
    return [float(value) for value in features[:, column.parts.index("year")]]


@pytest.mark.parametrize(
    ("short", "first", "last"),
    [
        (range(30, 100), 1930, 1999),  # births
        ([*range(30, 100), *range(6)], 1930, 2005),
        (range(24, 31), 2024, 2030),  # ends of contracts
        (range(45, 61), 1945, 1960),
        (range(100), 1927, 2026),
        ([99], 1999, 1999),
    ],
)
def test_years_of_two_digits_stay_together(short: list[int], first: int, last: int) -> None:
    latest = choose_latest(short, today=2026)
    found = [full_year(f"{year:02d}", latest) for year in short]
    assert (min(found), max(found)) == (first, last)


def test_years_of_two_digits_are_told_and_read_alike_later() -> None:
    column, notes = only([f"{n % 28 + 1:02d}.03.{n}" for n in range(31, 99)])
    assert years(column, ["16.03.45", "16.03.68", "16.03.69", "16.03.2011"]) == [1945, 1968, 1969, 2011]
    assert any("taken for 1931 to 1998, such as '04.03.31' for 1931-03-04" in note for note in notes)


@pytest.mark.parametrize("day", ["9999-12-31", "1900-01-01", "0001-01-01"])
def test_a_date_far_from_the_others_stands_for_none(day: str) -> None:
    cells = [f"2023-{n % 12 + 1:02d}-{n % 28 + 1:02d}" if n % 3 else day for n in range(60)]
    cells[0] = f"{day} 00:00:00"
    column, notes = only([*cells, "2021-05-05"])
    assert f"column 'x': 20 cells are {day}, far from the others, and taken as missing" in notes
    plain = datetime.date.fromisoformat(day)
    values = years(column, [day, plain, datetime.datetime.combine(plain, datetime.time()), ""])
    assert len(set(values)) == 1
    assert 2021 <= values[0] <= 2023


def test_a_date_that_may_be_meant_is_kept_and_told() -> None:
    days = np.array([to_days(datetime.date(year, 5, 5)) for year in range(1930, 2000)])
    first = to_days(datetime.date(1900, 1, 1))
    assert find_sentinels(np.array([*days, first, first])).doubtful == {"1900-01-01": 2}
    assert find_sentinels(np.array([first, first, np.nan])) == ({}, {})


@pytest.mark.parametrize("word", ["0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000", "1900-01-00"])
def test_a_date_of_zeros_is_missing(word: str) -> None:
    _, notes = only([word if n % 3 == 0 else f"2023-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(60)])
    assert f"column 'x': 20 of 60 cells are taken as missing: '{word}' (20)" in notes


@pytest.mark.parametrize("word", ["#WERT!", "#NV", "#¡DIV/0!", "#NOM?", "#N/D", "#####"])
def test_an_error_of_a_spreadsheet_is_missing_in_any_language(word: str) -> None:
    column, notes = only([word if n % 5 == 0 else str(n * 7 % 61) for n in range(60)])
    assert column.categories == ()
    assert notes == (f"column 'x': 12 of 60 cells are taken as missing: '{word}' (12)",)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2023/10/05 3:04:22 PM GMT+2", "2023-10-05 13:04:22"),
        ("2023-10-05 03:04:22 UTC-0330", "2023-10-05 06:34:22"),
        ("8. Dez 2023", "2023-12-08"),
        ("Mo, 8. März 2023 14:05", "2023-03-08 14:05"),
        ("1er févr. 2023", "2023-02-01"),
        ("5 de octubre de 2023", "2023-10-05"),
        ("Tue, 05 Dec 2023 10:00:00 GMT", "2023-12-05 10:00"),
    ],
)
def test_dates_of_forms_mails_and_other_languages(text: str, day: str) -> None:
    assert parse_date(text, "dmy") == to_days(datetime.datetime.fromisoformat(day))


@pytest.mark.parametrize("text", ["8 jui 2023", "Marble 3, 2020", "2023-10-05 -8"])
def test_what_could_be_two_months_is_none(text: str) -> None:
    assert parse_date(text, "dmy") is None
