"""Scores in words, with as many digits as their error allows: the same in the terminal, in reports and in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10

from tuner.core.errors import printable
from tuner.core.scores import NAMES, Difference, Interval, TestScores
from tuner.core.shorten import shorten
from tuner.core.units import counted

UNKNOWN_DIGITS = 4  # decimals of a score whose error is not known: that of a sweep of an earlier version
MOST_DIGITS = 6
LEAST_LUCK = 0.0001  # in an accuracy
LONGEST_NAME = 30  # characters of a class in a line


def decimals(interval: Interval | None) -> int:
    """How many decimals a score with this interval is shown with.

    As the Particle Data Group does it: two digits of the interval's half width if they are at most 35, else one.
    """
    half = (interval.high - interval.low) / 2 if interval else 0.0
    if not (isfinite(half) and half > 0):
        return UNKNOWN_DIGITS
    return min(MOST_DIGITS, max(0, -floor(log10(half / 3.55))))


def score_digits(value: float, interval: Interval | None = None) -> str:
    """The score alone, such as `0.983`."""
    return f"{value:.{decimals(interval)}f}"


def interval_text(interval: Interval) -> str:
    """`0.964 to 0.992`."""
    digits = decimals(interval)
    return f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"


def score_text(value: float, interval: Interval | None = None, details: Sequence[str] = ()) -> str:
    """A score with its interval and `details` about it: `0.983 (0.964 to 0.992; 359 samples)`."""
    known = [*([interval_text(interval)] if interval else []), *details]
    return score_digits(value, interval) + (f" ({'; '.join(known)})" if known else "")


def shown_score(scores: TestScores, name: str) -> str:
    """One of `scores.NAMES`: `0.983 (0.964 to 0.992; 359 samples; always saying '3' gives 0.101)`."""
    return score_text(scores.value(name), scores.interval(name), score_details(scores, name))


def score_details(scores: TestScores, name: str) -> list[str]:
    """What the score is without a model and, of the first one, on how many samples, as far as that is known."""
    first = name == NAMES[0] and scores.samples is not None
    found = [counted(scores.samples or 0, "sample")] if first else []
    base = scores.base(name)
    if base is not None and scores.base_class is not None and name != "roc_auc":  # that is 0.5 for all data
        frequencies = name == "loss"
        says = "the class frequencies give" if frequencies else f"always saying '{class_name(scores.base_class)}' gives"
        found.append(f"{says} {score_digits(base, scores.interval(name))}")
    return found


def luck_text(luck: float | None, trials: int, samples: int | None, likely: Interval | None = None) -> str:
    """What is to be said beside the best validation accuracy of several trials; empty where that is not known.

    Args:
        luck: that of `search.optimism`.
        trials: of how many it is the best.
        samples: of the validation split.
        likely: where the accuracy on other data lies; None if the sweep's version of tuner did not measure it.
    """
    if luck is None or samples is None or luck < LEAST_LUCK:
        return ""
    chosen = f"the best of {counted(trials, 'trial')} on the same {counted(samples, 'sample')}"
    between = f" ({interval_text(likely)})" if likely else ""
    return f"{chosen}, so some of it is luck: expect about {luck:.1g} less on other data{between}"


def points_text(difference: Difference) -> str:
    """`0.8 points (0.1 to 1.5)`. A point is a hundredth of the samples."""
    points = Interval(*(100 * end for end in difference.interval))
    return f"{_in_points(difference.accuracy, points)} ({interval_text(points)})"


def excess_text(excess: Difference | None) -> str:
    """What the test set says of a validation accuracy: `the test set gives 0.9 points less (-1.0 to 2.9)`."""
    if excess is None:
        return ""
    size, interval = excess.accuracy, excess.interval
    if size < 0:
        size, interval = -size, Interval(-interval.high, -interval.low)
    points = Interval(100 * interval.low, 100 * interval.high)
    word = "more" if excess.accuracy < 0 else "less"
    return f"the test set gives {_in_points(size, points)} {word} ({interval_text(points)})"


def class_name(name: str) -> str:
    """A class within a line: on one line, and shortened if it is long."""
    return shorten(printable(name), LONGEST_NAME)


def difference_text(difference: Difference) -> str:
    """`better by 0.8 points (0.1 to 1.5)`, `worse by ...` or `equal within noise (-0.3 to 0.9 points)`.

    A point is a hundredth of the samples.
    """
    size, interval = difference.accuracy, difference.interval
    if difference.worse:
        size, interval = -size, Interval(-interval.high, -interval.low)
    points = Interval(100 * interval.low, 100 * interval.high)
    if not (difference.better or difference.worse):
        return f"equal within noise ({interval_text(points)} points)"
    word = "better" if difference.better else "worse"
    return f"{word} by {_in_points(size, points)} ({interval_text(points)})"


def _in_points(size: float, points: Interval) -> str:
    """`0.8 points`, `1 point`. `points` is the interval, in points."""
    digits = score_digits(100 * size, points)
    return f"{digits} {'point' if digits == '1' else 'points'}"
