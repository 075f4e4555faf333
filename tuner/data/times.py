"""Times of the day, and durations, as people and programs write them: 14:05, 3:04 PM, 1h 30m, PT1H30M."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Literal

from tuner.data.text_sample import sampled_share

Clock = Literal["h:m", "h:m:s", "m:s", "12h"]
"""What two numbers with a colon are in a column. `h:m:s`: hours and minutes, and durations are in the column;
`12h`: hours and minutes, with AM or PM."""

ENOUGH = 0.5  # the share of a sample of a column that must be times, so that it is examined further
SECONDS = 3600.0  # in an hour
_COLON = re.compile(
    r"(?P<sign>[+-]?)(?P<a>\d{1,4}|\d{5,7}(?=:\d{2}:)):(?P<b>\d{2})(?::(?P<c>\d{2}))?(?P<fraction>[.,]\d{1,9})?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?| ?Uhr| ?h)?",
    re.ASCII,
)
_DAYS = re.compile(r"(?P<days>[+-]?\d+) days?,? (?P<rest>[+-]?\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)", re.ASCII)
_ISO = re.compile(
    r"(?P<sign>-?)P(?=\d|T\d)(?:(?P<w>\d+)W)?(?:(?P<d>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<h>\d+(?:\.\d+)?)H)?(?:(?P<m>\d+(?:\.\d+)?)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_PART = re.compile(r"(\d+(?:[.,]\d+)?) ?([^\W\d_]{1,8})\.?(?:,? ?(?:and |und )?)", re.ASCII | re.IGNORECASE)
_M, _BESIDE_M = re.compile(r"\d ?m\b"), re.compile(r"\d ?(?:h|s|min)|:", re.IGNORECASE)
_HOURS_MINUTES = re.compile(r"(\d{1,3}) ?h ?(\d{2})", re.ASCII)  # as the French write it
_BEGIN = "0123456789+-P"
_UNITS = {
    **dict.fromkeys(["w", "wk", "wks", "week", "weeks"], 604800.0),
    **dict.fromkeys(["d", "day", "days", "tag", "tage"], 86400.0),
    **dict.fromkeys(["h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden"], 3600.0),
    **dict.fromkeys(["m", "min", "mins", "minute", "minutes", "minuten"], 60.0),
    **dict.fromkeys(["s", "sec", "secs", "second", "seconds", "sek", "sekunde", "sekunden"], 1.0),
    **dict.fromkeys(["ms", "msec"], 0.001),
}


@dataclass(frozen=True)
class ClockChoice:
    """How the times of a column are read."""

    clock: Clock
    read: int
    """How many texts are times."""
    ambiguous: bool
    """Whether two numbers may be hours and minutes, or minutes and seconds, which makes a difference."""


def choose_clock(texts: Mapping[str, int]) -> ClockChoice:
    """How the texts, which come with their counts, are read; none is read where there are few times."""
    if sampled_share(texts, is_time) < ENOUGH:
        return ClockChoice("h:m", 0, ambiguous=False)
    known = [text for text in texts if is_time(text)]
    colons = [match for text in known if (match := _COLON.fullmatch(text))]
    pairs = [match for match in colons if not match["c"]]
    clock: Clock = "h:m:s" if len(pairs) < len(known) else "h:m"
    ambiguous = False
    if 2 * sum(match["half"] is not None for match in colons) > len(known):
        clock = "12h"
    elif any(match["fraction"] for match in pairs):
        clock = "m:s"
    elif pairs and len(pairs) < len(known):
        first = [int(match["a"]) for match in pairs]
        clock = "m:s" if 23 < max(first) < 60 else clock
        ambiguous = max(first) < 24 and len(colons) > len(pairs) and not any(match["half"] for match in colons)
    read = sum(texts[text] for text in known if parse_time(text, clock) is not None)
    return ClockChoice(clock, 0 if _may_be_lengths(known) else read, ambiguous)


def is_time(text: str) -> bool:
    """Whether a text is a time in some column."""
    if text[:1] not in _BEGIN:
        return False
    return _seconds(text, "h:m:s") is not None or _seconds(text, "m:s") is not None


def _may_be_lengths(texts: list[str]) -> bool:
    """Whether m may stand for metres, or months: nothing beside it shows that it is minutes."""
    return any(map(_M.search, texts)) and not any(map(_BESIDE_M.search, texts))


def parse_time(text: str, clock: Clock) -> float | None:
    """The hours that a text without spaces around it stands for; None when it is no time in such a column.

    >>> [parse_time(text, "h:m:s") for text in ("14:30", "3:30 PM", "1h 30m", "PT90S", "1 days 02:00:00", "45")]
    [14.5, 15.5, 1.5, 0.025, 26.0, None]
    """
    seconds = _seconds(text, clock)
    return None if seconds is None else seconds / SECONDS


def typed_time(value: time | timedelta, clock: Clock) -> float | None:
    """The hours of a value that is a time already; None for a duration in a column that shows hours and minutes alone.

    There, 5:42 may have been minutes and seconds, which made no difference.
    """
    if isinstance(value, timedelta):
        return value.total_seconds() / SECONDS if clock in ("h:m:s", "m:s") else None
    return value.hour + (value.minute + (value.second + value.microsecond / 1e6) / 60) / 60


def time_text(hours: float) -> str:
    """A text that is read as these hours in each column, to the nanosecond.

    >>> time_text(1.5), time_text(-0.0001)
    ('01:30:00', '-00:00:00.36')
    """
    whole, fraction = divmod(round(abs(hours) * SECONDS * 1e9), 10**9)
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    sign = "-" if hours < 0 else ""
    return f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{digits}"


def _seconds(text: str, clock: Clock) -> float | None:
    if match := _COLON.fullmatch(text):
        return _of_colons(match, clock)
    if clock in ("h:m", "12h"):
        return None
    if match := _DAYS.fullmatch(text):
        rest = _COLON.fullmatch(match["rest"])
        seconds = _of_colons(rest, "h:m") if rest else None
        return None if seconds is None else int(match["days"]) * 86400 + seconds
    if match := _ISO.fullmatch(text):
        seconds = sum(float(match[name] or 0) * _UNITS[name] for name in "wdhms")
        return -seconds if match["sign"] else seconds
    if match := _HOURS_MINUTES.fullmatch(text):
        return int(match[1]) * 3600 + int(match[2]) * 60 if int(match[2]) < 60 else None
    return _of_units(text)


def _of_colons(match: re.Match[str], clock: Clock) -> float | None:
    first, second = int(match["a"]), int(match["b"])
    fraction = float((match["fraction"] or "0").replace(",", "."))
    if match["half"]:
        if not 1 <= first <= 12 or match["sign"]:
            return None
        first = first % 12 + (12 if match["half"] in "Pp" else 0)
    elif clock == "12h" and not match["c"] and 1 <= first <= 12:
        return None  # in the morning or in the afternoon
    if second > 59 or int(match["c"] or 0) > 59:
        return None
    if match["c"]:
        seconds = first * 3600 + second * 60 + int(match["c"]) + fraction
    elif clock == "m:s":
        seconds = first * 60 + second + fraction
    else:
        seconds = first * 3600 + second * 60
        if match["fraction"]:
            return None
    return -seconds if match["sign"] == "-" else seconds


def _of_units(text: str) -> float | None:
    """The seconds of numbers with units, the larger ones first: m stands for minutes beside hours or seconds alone."""
    if not text[:1].isdigit() or text[-1].isdigit():
        return None
    position, total, last = 0, 0.0, 1e9
    while position < len(text):
        part = _PART.match(text, position)
        factor = _UNITS.get(part[2].lower()) if part and part[2] != "M" else None
        if part is None or factor is None or factor >= last:
            return None
        total += float(part[1].replace(",", ".")) * factor
        position, last = part.end(), factor
    return total
