"""Dates and times as people and programs write them, and the features that they become."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tuner.data.centuries import LATEST, full_year
from tuner.data.months import find_month
from tuner.data.text_sample import sampled_share

Order = Literal["ymd", "dmy", "mdy"]
"""What comes first. A date that begins with a year of four digits, or names its month, is read alike in each order."""
DAYS = "days"
PARTS = ("year", "month", "weekday", "hour", DAYS)
"""The features of a date: the weekday counts from Monday, 0, the days from 1 January 1970, with their fraction."""

ENOUGH = 0.5  # the share of a sample of a column that must be dates, so that it is examined further
_EPOCH = datetime(1970, 1, 1)
_TIME = (
    r"(?:(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
    r"(?: ?(?:Z|UTC|GMT|(?:UTC|GMT)?(?P<zone>[+-]\d{2}|(?<=[TC])[+-]\d(?!\d))(?::?(?P<zone_minutes>\d{2}))?))?"
)
_DIGITS = re.compile(r"(?P<a>\d{1,4})(?P<sign>[-/.])(?P<b>\d{1,2})(?P=sign)(?P<c>\d{1,4})" + _TIME, re.ASCII)
_YEAR_MONTH = re.compile(r"[12]\d{3}-(?:0[1-9]|1[0-2])", re.ASCII)  # its first day is meant
_WEEKDAY = r"(?:[^\W\d_]{2,10}[.,]{1,2} )?"
_MONTH = r"(?P<b>[^\W\d_]{3,10})"
_DAY_MONTH = re.compile(
    rf"{_WEEKDAY}(?P<a>[0-9]{{1,2}})(?:st|nd|rd|th|er|\.)?[- /]?(?:de )?{_MONTH}\.?,?[- /]?(?:de )?"
    r"(?P<c>[0-9]{4}|[0-9]{2})" + _TIME
)
_MONTH_DAY = re.compile(rf"{_WEEKDAY}{_MONTH}\.? (?P<a>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<c>[0-9]{{4}})" + _TIME)


@dataclass(frozen=True)
class OrderChoice:
    """The order that reads most texts of a column."""

    order: Order
    read: int
    """How many texts it reads."""
    ambiguous: bool
    """Whether another order reads as many, as other dates."""
    short_years: frozenset[int] = frozenset()
    """The years that are written with two digits."""


def choose_order(texts: Mapping[str, int]) -> OrderChoice:
    """The order that reads most of the texts, which come with their counts; it reads none where there are few dates."""
    if sampled_share(texts, is_date) < ENOUGH:
        return OrderChoice("ymd", 0, ambiguous=False)
    counts: dict[Order, int] = {"dmy": 0, "mdy": 0}
    same, short = True, set[int]()
    for text, count in texts.items():
        match = _match(text)
        if match is None:
            continue
        day_first = _to_day(match, "dmy", LATEST)
        open_order = match["b"].isdigit() and len(match["a"]) < 3
        month_first = _to_day(match, "mdy", LATEST) if open_order else day_first
        counts["dmy"] += count * (day_first is not None)
        counts["mdy"] += count * (month_first is not None)
        same = same and day_first == month_first
        if _is_short(match):
            short.add(int(match["c"]))
    slashes = any("/" in text for text in texts)  # month first is used in the United States, with slashes
    best: Order = "mdy" if (counts["mdy"], slashes) > (counts["dmy"], not slashes) else "dmy"
    doubt = not same and counts["dmy"] == counts["mdy"]
    return OrderChoice("ymd" if same else best, counts[best], doubt, frozenset(short))


def parse_date(text: str, order: Order, latest: int = LATEST) -> float | None:
    """The days since 1 January 1970 of a text without spaces around it; None when it is no date of this order.

    A time zone is taken into account. A year of two digits is one of the hundred years up to `latest`.

    >>> parse_date("1970-01-02 12:00", "ymd"), parse_date("3/1/70", "dmy"), parse_date("Jan 3, 1970", "ymd")
    (1.5, 2.0, 2.0)
    """
    match = _match(text)
    return None if match is None else _to_day(match, order, latest)


def is_date(text: str) -> bool:
    """Whether a text is a date in some order."""
    return parse_date(text, "dmy") is not None or parse_date(text, "mdy") is not None


def is_short(text: str) -> bool:
    """Whether a text is a date with two digits for its year.

    >>> is_short("16.03.45"), is_short("2045-03-16"), is_short("16 Mar 2045")
    (True, False, False)
    """
    match = _match(text)
    return match is not None and _is_short(match)


def to_days(day: date) -> float:
    """The days since 1970 of a date or time; one with a zone is converted to UTC."""
    if not isinstance(day, datetime):
        return float((day - _EPOCH.date()).days)
    plain = day.astimezone(UTC).replace(tzinfo=None) if day.tzinfo else day
    return (plain - _EPOCH) / timedelta(days=1)


def to_datetime(days: float) -> datetime:
    """The inverse, to the nearest second."""
    return _EPOCH + timedelta(seconds=round(days * 86400))


def date_features(days: NDArray[np.float64], parts: Sequence[str]) -> NDArray[np.float64]:
    """(dates,) days since 1 January 1970 -> (dates, parts) features."""
    seconds = np.rint(days * 86400).astype("datetime64[s]")
    day = np.floor(seconds.astype(np.int64) / 86400)
    features = {
        "year": seconds.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": seconds.astype("datetime64[M]").astype(np.int64) % 12 + 1,
        "weekday": (day + 3) % 7,  # 1 January 1970 was a Thursday
        "hour": (seconds.astype(np.int64) - day * 86400) / 3600,
        DAYS: days,
    }
    return np.stack([features[part] for part in parts], axis=1).astype(np.float64)


def _match(text: str) -> re.Match[str] | None:
    if _YEAR_MONTH.fullmatch(text):
        text += "-01"
    return _DIGITS.fullmatch(text) or _DAY_MONTH.fullmatch(text) or _MONTH_DAY.fullmatch(text)


def _is_short(match: re.Match[str]) -> bool:
    return len(match["c"]) == 2 and len(match["a"]) < 3


def _to_day(match: re.Match[str], order: Order, latest: int) -> float | None:
    numbers = _year_month_day(match, order, latest)
    if numbers is None:
        return None
    try:
        day = datetime(*numbers) + _time(match)
    except (ValueError, OverflowError):
        return None
    return (day - _EPOCH) / timedelta(days=1)


def _year_month_day(match: re.Match[str], order: Order, latest: int) -> tuple[int, int, int] | None:
    a, b, c = match["a"], match["b"], match["c"]
    if not b.isdigit():
        month = find_month(b)
        return None if month is None else (full_year(c, latest), month, int(a))
    if len(a) == 4:
        return int(a), int(b), int(c)
    if len(a) > 2 or len(c) not in (2, 4) or order == "ymd":
        return None
    first, second = int(a), int(b)
    return (full_year(c, latest), first, second) if order == "mdy" else (full_year(c, latest), second, first)


def _time(match: re.Match[str]) -> timedelta:
    """The time of the day, in UTC where a zone is given. Raises ValueError when there is no such time."""
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError(hour)
    microseconds = int((match["fraction"] or "0").ljust(6, "0")[:6])
    time = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microseconds)
    if not match["zone"]:
        return time
    offset = timedelta(hours=abs(int(match["zone"])), minutes=int(match["zone_minutes"] or 0))
    return time + offset if match["zone"].startswith("-") else time - offset
