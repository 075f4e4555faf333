"""Durations, numbers and parameters as people read and write them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tuner.core.errors import TunerError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_DAYS = 3650


def parse_seconds(text: str, option: str) -> float:
    """Seconds in `90s`, `30m`, `2h`, `1h30m` or `90`.

    Raises:
        TunerError: it is none of these, not above 0, or more than ten years; the message names `option`.
    """
    if not re.fullmatch(r"\d+(\.\d+)?|(\d+(\.\d+)?[smhd])+", text):
        raise TunerError(f"{option} '{text}': write a duration such as 90s, 30m, 2h or 1h30m")
    seconds = sum(float(number) * _UNITS[unit or "s"] for number, unit in re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text))
    if seconds <= 0:
        raise TunerError(f"{option} '{text}': must be above 0")
    if seconds > MOST_DAYS * _UNITS["d"]:
        raise TunerError(f"{option} '{text}': must be at most {MOST_DAYS}d")
    return seconds


def format_seconds(seconds: float) -> str:
    """`45 s`, `12 min` or `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def short_seconds(seconds: float) -> str:
    """A duration as `parse_seconds` reads it, with the largest unit of which it is a whole number.

    >>> short_seconds(7200), short_seconds(90), short_seconds(0.5)
    ('2h', '90s', '0.500000s')
    """
    if seconds != int(seconds):
        return f"{seconds:f}s"
    unit = next(unit for unit in ("h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{int(seconds) // _UNITS[unit]}{unit}"


_PREFIXES = ((1e12, 1.0, "T"), (1e9, 1.0, "G"), (1e6, 0.1, "M"), (1e3, 1.0, "k"))


def format_number(value: float, unit: str = "") -> str:
    """At least two digits and a decimal prefix: `0.27 M`, `82 M`, `138 M`; with a unit `1.1 MB`, `850 B`.

    M begins at a tenth of a million already: most of the models here have around a million parameters.
    """
    for size, least, prefix in _PREFIXES:
        scaled = value / size
        if scaled >= least:
            decimals = 2 if scaled < 0.995 else 1 if scaled < 9.95 else 0
            return f"{scaled:.{decimals}f} {prefix}{unit}"
    return f"{value:.0f} {unit}".rstrip()


def counted(count: int, noun: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def format_parameters(parameters: Mapping[str, object]) -> str:
    """`batch_size=64 lr=0.0123`."""
    return " ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in parameters.items())


def number_text(value: float) -> str:
    """A number of any size, with five digits: `152.13`, `1,412,300`.

    >>> number_text(152.1334), number_text(1412345.6), number_text(0.00012345678), number_text(2.5e20)
    ('152.13', '1,412,300', '0.00012346', '2.5e+20')
    """
    rounded = float(f"{value:.5g}")
    return f"{rounded:,.0f}" if 1e4 <= abs(rounded) < 1e15 else f"{rounded:.5g}"
