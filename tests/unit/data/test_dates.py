"""Dates and times as people and programs write them."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from tuner.data.dates import PARTS, Order, choose_order, date_features, parse_date, to_datetime, to_days


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2024-03-04", "ymd", "2024-03-04"),
        ("2024/3/4", "dmy", "2024-03-04"),
        ("2024-03-04T05:06:07.5Z", "ymd", "2024-03-04 05:06:08"),
        ("2024-03-04 05:06+02:00", "ymd", "2024-03-04 03:06"),
        ("2024-03-04 05:06:07.123+00", "ymd", "2024-03-04 05:06:07"),
        ("2024-03", "ymd", "2024-03-01"),
        ("04.03.2024", "dmy", "2024-03-04"),
        ("3/4/24", "mdy", "2024-03-04"),
        ("3/4/2024 5:06 PM", "mdy", "2024-03-04 17:06"),
        ("3/4/2024 12:06 a.m.", "mdy", "2024-03-04 00:06"),
        ("04-Mar-2024", "ymd", "2024-03-04"),
        ("4 March 2024", "ymd", "2024-03-04"),
        ("March 4th, 2024", "ymd", "2024-03-04"),
        ("04MAR2024", "ymd", "2024-03-04"),
    ],
)
def test_a_date_is_read(text: str, order: Order, expected: str) -> None:
    days = parse_date(text, order)
    assert days is not None
    assert to_datetime(days) == datetime.datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["2024-02-30", "31/04/2024", "2024-13-01", "1.2.3", "20240304", "2024", "4 Foo 2024"])
def test_what_is_none_is_not(text: str) -> None:
    assert [parse_date(text, order) for order in ("ymd", "dmy", "mdy")] == [None] * 3


@pytest.mark.parametrize(
    ("texts", "order", "ambiguous"),
    [
        (["2024-01-02", "3 Jan 2024"], "ymd", False),
        (["01/02/2024", "31/01/2024"], "dmy", False),
        (["01/02/2024", "01/31/2024"], "mdy", False),
        (["01/02/2024"], "mdy", True),
        (["01.02.2024"], "dmy", True),
        (["01/01/2024"], "ymd", False),
    ],
)
def test_the_order_is_that_of_all_texts(texts: list[str], order: Order, ambiguous: bool) -> None:
    choice = choose_order(dict.fromkeys(texts, 1))
    assert (choice.order, choice.read, choice.ambiguous) == (order, len(texts), ambiguous)


def test_a_date_becomes_its_parts() -> None:
    days = np.array([to_days(datetime.datetime(2024, 2, 29, 18, 30)), to_days(datetime.date(1969, 12, 31))])
    assert date_features(days, PARTS).tolist() == [
        [2024, 2, 3, 18.5, 19782 + 18.5 / 24],
        [1969, 12, 2, 0, -1],
    ]
