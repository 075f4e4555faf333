"""Numbers as people and programs write them."""

from __future__ import annotations

import numpy as np
import pytest

from tuner.data.number_text import PLAIN, NumberStyle, choose_style, parse_number, simple_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234,567.5", 1234567.5),
        ("1,23,456", 123456),  # lakhs
        ("1,234-", -1234),
        ("(1,234)", -1234),
        ("- 5", -5),
        ("+3", 3),
        ("5.", 5),
        (".5", 0.5),
        ("1.5E+03", 1500),
        ("\uff11\uff12", 12),  # full-width digits
    ],
)
def test_a_number_is_read(text: str, value: float) -> None:
    assert parse_number(text, NumberStyle(thousands=",")) == value


NOT_GROUPED = ["1,23", "12,34,5", "0,123", "1_000", "1.2.3", "1 2"]
NOT_ONE = ["12:30", "01.02.2025", "1/2", "10-20", "555-1234", "--5", "(-5)", "2024Q1"]
NO_NUMBER = ["", "-", "five", "id7", "R-001", "0x10", "1e39", "5 kg"]


@pytest.mark.parametrize("text", [*NOT_GROUPED, *NOT_ONE, *NO_NUMBER])
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert parse_number(text, NumberStyle(thousands=",")) is None


def test_a_unit_may_be_missing_or_in_the_plural_but_no_other() -> None:
    style = NumberStyle(unit="day")
    assert [parse_number(text, style) for text in ("1 day", "2 days", "3", "4 d")] == [1, 2, 3, None]
    assert [parse_number(text, NumberStyle(unit="%")) for text in ("1%", "1")] == [1, None]


def test_a_dash_after_a_currency_is_zero_as_in_accounts() -> None:
    assert [parse_number(text, NumberStyle(unit="$")) for text in ("$ -", "$-", "$5-", "-")] == [0, 0, -5, None]


def test_a_unit_that_few_have_is_none() -> None:
    assert choose_style({"5": 9, "6 kg": 2}).style == PLAIN
    assert choose_style({"5": 2, "6 kg": 9}).style.unit == "kg"


@pytest.mark.parametrize("style", [PLAIN, NumberStyle(","), NumberStyle(",", "."), NumberStyle(".", "'")])
def test_the_quick_way_reads_as_the_thorough_one(style: NumberStyle) -> None:
    texts = ["1", "-2.5", "3,5", "1.234,5", "1'234", "1.234", "1e3", "x", "", "5 kg", "1_0", "\u22125"]
    for many in (texts, texts * 100):
        quick = simple_numbers(np.array(many, dtype=object), style)
        for text, value in zip(many, quick, strict=True):
            thorough = parse_number(text, style)
            assert np.isnan(value) or value == thorough, text
