"""Scores in words, with as many digits as their error allows: the same in the terminal, in reports and in MLflow."""

from __future__ import annotations

from math import floor, isfinite, log10

from tuner.core.errors import printable
from tuner.core.scores import Difference, Interval

UNKNOWN_DIGITS = 4  # decimals of a score whose error is not known: that of a sweep of an earlier version
MOST_DIGITS = 6
LONGEST_NAME = 30  # characters of a class in a line


def decimals(interval: Interval | None) -> int:
    """How many decimals a score with this interval is shown with: two digits of the interval's half width."""
    half = (interval.high - interval.low) / 2 if interval else 0.0
    if not (isfinite(half) and half > 0):
        return UNKNOWN_DIGITS
    return min(MOST_DIGITS, max(0, 1 - floor(log10(half))))


def score_digits(value: float, interval: Interval | None = None) -> str:
    """The score alone, such as `0.983`."""
    return f"{value:.{decimals(interval)}f}"


def interval_text(interval: Interval) -> str:
    """`0.964 to 0.992`."""
    digits = decimals(interval)
    return f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"


def score_text(
    value: float,
    interval: Interval | None = None,
    *,
    samples: int | None = None,
    base: float | None = None,
    base_class: str | None = None,
) -> str:
    """A score with what is known about it.

    With everything it is `0.983 (0.964 to 0.992; 359 samples; always saying '3' gives 0.101)`. `base` is the score
    that `base_class` has when it is always said; without a class, that of the class frequencies.
    """
    details = [interval_text(interval)] if interval else []
    if samples is not None:
        details.append(f"{samples:,} sample{'' if samples == 1 else 's'}")
    if base is not None:
        says = "the class frequencies give" if base_class is None else f"always saying '{class_name(base_class)}' gives"
        details.append(f"{says} {base:.{decimals(interval)}f}")
    return score_digits(value, interval) + (f" ({'; '.join(details)})" if details else "")


def class_name(name: str) -> str:
    """A class within a line: on one line, and shortened if it is long."""
    shown = printable(name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def difference_text(difference: Difference) -> str:
    """`better by 0.8 points (0.1 to 1.5)`, `worse by ...` or `as good as equal (-0.3 to 0.9 points)`.

    A point is a hundredth of the samples.
    """
    size, interval = difference.accuracy, difference.interval
    if difference.worse:
        size, interval = -size, Interval(-interval.high, -interval.low)
    points = Interval(100 * interval.low, 100 * interval.high)
    if not (difference.better or difference.worse):
        return f"as good as equal ({interval_text(points)} points)"
    word = "better" if difference.better else "worse"
    return f"{word} by {score_digits(100 * size, points)} points ({interval_text(points)})"
