"""What is told of columns that look like numbers, dates or times, and of numbers that may be something else."""

from __future__ import annotations

from collections import Counter

import pytest
from support.table_columns import fit, frame

from tuner.data.column_doubts import why_not


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["1.5"] * 8 + ["few"] * 2, "8 of 10 cells are numbers, but 'few' is not"),
        (["500 g", "1.2 kg", "3 kg"], "they look like numbers with different units, such as '1.2 kg' and '500 g'"),
        (["12%", "0.12", "15%"], "they look like numbers with different units, such as '12%' and '0.12'"),
        (["€2.41", "$5.97", "£1.10", "€9"], "they look like numbers with different units, such as '€2.41' and '$5.97'"),
        (
            ["1,234.50", "2.50", "1.234,50"],
            "they look like numbers in different notations, such as '1,234.50' and '1.234,50'",
        ),
        (
            ["25/12/2023", "12/25/2023", "26/12/2023"],
            "they look like dates in different orders, such as '25/12/2023' and '12/25/2023'",
        ),
        (["2023-05-03", "May 4, 2023", "soon"], "2 of 3 cells are dates, but 'soon' is not"),
        (["14:05", "15:10", "late"], "2 of 3 cells are times, but 'late' is not"),
        (["red", "green"], ""),
        (["x7", "y8", "12"], ""),
    ],
)
def test_the_reason_why_a_column_is_not_read_as_what_it_looks_like(cells: list[str], reason: str) -> None:
    assert why_not(Counter(cells)) == reason


def test_a_column_that_is_left_out_says_why() -> None:
    cells = [f"{n}.5 kg" if n % 2 else f"{n}00 g" for n in range(1, 61)]
    reason = "they look like numbers with different units, such as '1.5 kg' and '200 g'"
    assert fit(frame(x=cells)).left_out == (f"column 'x' left out: 60 different texts in 60 cells ({reason})",)


def test_sentences_are_not_learned_from_which_is_said() -> None:
    cells = [f"this film has {n} good scenes and no bad one" for n in range(60)]
    expected = "60 different texts in 60 cells (texts of several words, which text:PATH --text COLUMN learns from)"
    assert fit(frame(x=cells)).left_out == (f"column 'x' left out: {expected}",)


@pytest.mark.parametrize(
    ("name", "cells", "note"),
    [
        ("room", [f"{n}E{n % 5}" for n in range(2, 62)], "'2E2' is read as the number 200"),
        (
            "day",
            [f"2023{n % 12 + 1:02d}{n % 28 + 1:02d}" for n in range(60)],
            "numbers such as 20230101 may be dates, and are read as numbers: write them as 2023-01-01",
        ),
        (
            "tweet_id",
            [str(570_000_000_000_000_000 + n * 37_000 % 61_000) for n in range(60)],
            "all its 60 numbers differ, as those of an id do: leave the column out if it is one",
        ),
        ("userId", [str(n * 37 % 61) for n in range(60)], "all its 60 numbers differ, as those of an id do"),
    ],
)
def test_numbers_that_may_be_something_else_are_kept_and_told(name: str, cells: list[str], note: str) -> None:
    fitted = fit(frame(**{name: cells}))
    assert [column.name for column in fitted.columns] == [name]
    assert any(line.startswith(f"column '{name}': {note}") for line in fitted.notes), fitted.notes


@pytest.mark.parametrize("name", ["width", "humid", "bid", "paid"])
def test_a_measurement_is_no_id(name: str) -> None:
    assert fit(frame(**{name: [str(n * 37 % 61) for n in range(60)]})).notes == ()


def test_numbers_of_telephones_are_no_sentences() -> None:
    cells = [f"+41 79 {n:03d} {n % 7:02d} 90" for n in range(60)]
    assert fit(frame(x=cells)).left_out == ("column 'x' left out: 60 different texts in 60 cells",)
