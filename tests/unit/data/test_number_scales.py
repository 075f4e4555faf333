"""Numbers with a factor after them, such as 1.2k."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tuner.data.column_decisions import fit_columns
from tuner.data.columns import encode_rows, examine_rows
from tuner.data.number_text import choose_style, parse_number
from tuner.data.spec import Column


def read(*texts: str) -> list[float | None]:
    style = choose_style(dict.fromkeys(texts, 1)).style
    return [parse_number(text, style) for text in texts]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["$1.2M", "$340K", "$950"], [1_200_000, 340_000, 950]),
        (["£950", "£1.2k", "£800"], [950, 1200, 800]),
        (["12", "1.2k", "45k", "3.4M"], [12, 1200, 45_000, 3_400_000]),
        (["1,25 Mio. €", "950 Tsd. €", "3 Mrd. €"], [1_250_000, 950_000, 3e9]),
        (["€1.5m", "€3bn"], [1_500_000, 3e9]),
        (["3 crore", "45 lakh"], [30_000_000, 4_500_000]),
    ],
)
def test_factors_multiply_where_the_column_shows_them(texts: list[str], numbers: list[float]) -> None:
    assert read(*texts) == pytest.approx(numbers)


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["12k", "15k", "9k"], [12, 15, 9]),  # one factor for all
        (["300 K", "290 K", "285"], [300, 290, 285]),  # degrees
        (["1.2 kg", "500 g", "3 kg"], [1.2, None, 3]),
        (["3 k", "12 m", "15 m"], [None, 12, 15]),  # metres, or millions
    ],
)
def test_other_units_multiply_nothing(texts: list[str], numbers: list[float | None]) -> None:
    assert read(*texts) == numbers


def test_a_column_with_factors_is_told_and_read_alike_later() -> None:
    cells = [f"£{n + 100}" if n % 3 else f"£{n / 10}k" for n in range(1, 61)]
    fitted = fit_columns(pd.DataFrame({"x": cells}, dtype=object), np.arange(60))
    assert fitted.notes == (
        "column 'x': '£101' is read as 101",
        "column 'x': 40 cells, such as '£101', are read as they stand, since others have a factor",
    )
    rows = pd.DataFrame({"x": pd.Series(["£2.5k", "2.5k", "£2500", 2500, "£0.0025M"], dtype=object)})
    assert encode_rows(rows, fitted.columns, "rows")[:, 0].tolist() == pytest.approx([2500] * 5)


def test_a_percentage_without_its_sign_is_the_only_bad_row() -> None:
    column = Column(name="x", decimal=",", unit="%")
    rows = pd.DataFrame({"x": ["5.0 %", "6.5 %", "5.0", "oops"]}, dtype=object)
    examined = examine_rows(rows, [column], "rows")
    assert examined.features[:2, 0].tolist() == [5.0, 6.5]
    assert examined.notes == ("column 'x': '5.0 %' is read as 5",)
    assert [row for row, _ in examined.bad] == [2, 3]
    assert "must be a percentage such as '12%', got '5.0'" in examined.bad[0][1]
