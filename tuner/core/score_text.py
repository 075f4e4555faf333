"""Scores in words, with as many digits as their error allows: the same in the terminal, in reports and in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10

from tuner.core.errors import printable
from tuner.core.scores import Difference, Interval, NumberScores, ScoresOfTest, TestScores
from tuner.core.shorten import shorten
from tuner.core.units import counted, number_text

UNKNOWN_DIGITS = 4  # decimals of a score whose error is not known: that of a sweep of an earlier version
MOST_DIGITS = 6
TENS, LEAST_HALF = 355.0, 1e-6  # half widths of intervals beyond which a score is no longer written with decimals
LEAST_LUCK = 0.0001  # in an accuracy
LONGEST_NAME = 30  # characters of a class in a line


def decimals(interval: Interval | None) -> int:
    """How many decimals a score with this interval is shown with.

    As the Particle Data Group does it: two digits of the interval's half width if they are at most 35, else one.
    """
    half = _half(interval)
    if not half > 0:
        return UNKNOWN_DIGITS
    return min(MOST_DIGITS, max(0, -floor(log10(half / 3.55))))


def score_digits(value: float, interval: Interval | None = None) -> str:
    """The score alone, such as `0.983`."""
    half = _half(interval)
    if half >= TENS:  # of an error in the thousands: as many digits as its interval allows
        return f"{float(f'{value:.{_digits(value, half)}g}'):,.0f}"
    if 0 < half < LEAST_HALF:
        return f"{value:.{_digits(value, half)}g}"
    return f"{value:.{decimals(interval)}f}"


def interval_text(interval: Interval) -> str:
    """`0.964 to 0.992`."""
    return f"{score_digits(interval.low, interval)} to {score_digits(interval.high, interval)}"


def _half(interval: Interval | None) -> float:
    half = (interval.high - interval.low) / 2 if interval else 0.0
    return half if isfinite(half) else 0.0


def _digits(value: float, half: float) -> int:
    """How many digits of a value tell something, where its interval has this half width."""
    return max(1, floor(log10(max(abs(value), half))) - floor(log10(half / 3.55)) + 1)


def score_text(value: float, interval: Interval | None = None, details: Sequence[str] = ()) -> str:
    """A score with its interval and `details` about it: `0.983 (0.964 to 0.992; 359 samples)`."""
    known = [*([interval_text(interval)] if interval else []), *details]
    return score_digits(value, interval) + (f" ({'; '.join(known)})" if known else "")


def shown_score(scores: ScoresOfTest, name: str) -> str:
    """One of `TargetKind.tested`: `0.983 (0.964 to 0.992; 359 samples; always saying '3' gives 0.101)`."""
    return score_text(scores.value(name), scores.interval(name), score_details(scores, name))


def score_details(scores: ScoresOfTest, name: str) -> list[str]:
    """What the score is without a model and, of the first one, on how many samples, as far as that is known."""
    first = name == scores.kind.score and scores.samples is not None
    found = [counted(scores.samples or 0, "sample")] if first else []
    if isinstance(scores, NumberScores) and scores.base_number is not None and not first:
        without = score_digits(scores.base(name) or 0.0, scores.interval(name))
        return [*found, f"always saying {number_text(scores.base_number)}, the mean, gives {without}"]
    if not isinstance(scores, TestScores):
        return found
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
    """`0.8 points (0.1 to 1.5)`, where a point is a hundredth of the samples; of R2 `0.02 in R2 (0.01 to 0.04)`."""
    size, interval = _scaled(difference)
    return f"{_sized(difference, size, interval)} ({interval_text(interval)})"


def excess_text(excess: Difference | None) -> str:
    """What the test set says of a validation score: `the test set gives 0.9 points less (-1.0 to 2.9)`."""
    if excess is None:
        return ""
    size, interval = _scaled(excess, turned=excess.size < 0)
    word = "more" if excess.size < 0 else "less"
    return f"the test set gives {_sized(excess, size, interval)} {word} ({interval_text(interval)})"


def class_name(name: str) -> str:
    """A class within a line: on one line, and shortened if it is long."""
    return shorten(printable(name), LONGEST_NAME)


def difference_text(difference: Difference) -> str:
    """`better by 0.8 points (0.1 to 1.5)`, `worse by ...` or `equal within noise (-0.3 to 0.9 points)`.

    A point is a hundredth of the samples. Of R2 it is `better by 0.02 in R2 (0.01 to 0.04)`.
    """
    size, interval = _scaled(difference, turned=difference.worse)
    if not (difference.better or difference.worse):
        return f"equal within noise ({interval_text(interval)} {_unit(difference)})"
    word = "better" if difference.better else "worse"
    return f"{word} by {_sized(difference, size, interval)} ({interval_text(interval)})"


def _scaled(difference: Difference, *, turned: bool = False) -> tuple[float, Interval]:
    """Size and interval, in points where it is an accuracy, and with their signs changed if they are `turned`."""
    size, (low, high) = difference.size, difference.interval
    if turned:
        size, low, high = -size, -high, -low
    factor = 100 if difference.of == TestScores.kind.score else 1
    return factor * size, Interval(factor * low, factor * high)


def _unit(difference: Difference) -> str:
    return "points" if difference.of == TestScores.kind.score else "in R2"


def _sized(difference: Difference, size: float, interval: Interval) -> str:
    """`0.8 points`, `1 point`, `0.02 in R2`."""
    digits, unit = score_digits(size, interval), _unit(difference)
    return f"{digits} {'point' if (digits, unit) == ('1', 'points') else unit}"
