"""Durations, read and shown."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tuner.core.errors import TunerError
from tuner.core.units import format_seconds, parse_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("1h30m15s", 5415),
        ("1d", 86400),
        ("0.5", 0.5),
        ("0h5m", 300),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert parse_seconds(text, "--time-budget") == seconds


@pytest.mark.parametrize("text", ["", "h", "-5", "-5m", "5 m", "5w", "m5", "1e3", "1.h", ".5h", "1h30m!", "5M", "nan"])
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(TunerError) as caught:
        parse_seconds(text, "--time-budget")
    assert str(caught.value) == f"--time-budget '{text}': write a duration such as 90s, 30m, 2h or 1h30m"


@pytest.mark.parametrize("text", ["0", "0s", "0h0m", "0.0d"])
def test_no_time_at_all_is_refused(text: str) -> None:
    with pytest.raises(TunerError) as caught:
        parse_seconds(text, "--time-budget")
    assert str(caught.value) == f"--time-budget '{text}': must be above 0"


def test_hours_and_a_bare_number_are_hours_and_minutes_or_refused() -> None:
    """`1h30` is half past one for everybody: 3,630 seconds would be a surprise."""
    try:
        seconds = parse_seconds("1h30", "--time-budget")
    except TunerError:
        return
    assert seconds == 5400


def test_a_long_number_with_a_slip_is_refused_and_does_not_hang() -> None:
    """The time of a careless pattern doubles with every digit: these 64 would take longer than the universe is old."""
    code = "from tuner.core.units import parse_seconds; parse_seconds('1' * 64 + 'x', '--time-budget')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert "TunerError" in done.stderr


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (150, "2 min"),
        (720, "12 min"),
        (5399, "1 h 30 min"),
        (12000, "3 h 20 min"),
        (86400, "24 h 0 min"),
    ],
)
def test_a_duration_is_shown_in_the_units_that_fit(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
