"""Durations as people write them."""

import re

from tuner.errors import TunerError

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
