"""The true classes of samples to predict, where they are known, and the accuracy over those.

For numbers see `true_numbers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuner.core.score_text import interval_text, score_digits
from tuner.core.scores import Interval
from tuner.training.score_error import wilson


class ClassNames:
    """Finds the class that a folder or a cell of a table names."""

    def __init__(self, classes: Sequence[str]) -> None:
        """`classes` are the model's."""
        self._exact = set(classes)
        self._alike: dict[str | float, str | None] = {}
        for name in classes:
            key = _key(name)
            self._alike[key] = None if key in self._alike else name

    def find(self, text: str) -> str | None:
        """The class of this name, which may differ in case, in spaces around it, or as a number (`1.0` for `1`)."""
        return text if text in self._exact else self._alike.get(_key(text))


def _key(name: str) -> str | float:
    try:
        return float(name)
    except ValueError:
        return " ".join(name.casefold().split())


@dataclass
class Accuracy:
    """The share of right answers among the samples whose class is known."""

    right: int = 0
    known: int = 0

    def add(self, answers: Iterable[tuple[str, str | None]]) -> None:
        """Counts pairs of the predicted and the true class."""
        for predicted, truth in answers:
            if truth is not None:
                self.known += 1
                self.right += predicted == truth

    def interval(self) -> Interval:
        """Where the accuracy over many more such samples is expected."""
        return wilson(self.right, self.known)

    def __str__(self) -> str:
        interval = self.interval()
        share = f"{score_digits(self.right / self.known, interval)}, {self.right:,} of {self.known:,} right"
        return f"accuracy {share} (95 % interval: {interval_text(interval)})"
