"""What simple models reach on the test samples of a sweep, beside its network: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tuner.core.score_text import difference_text, score_text
from tuner.core.scores import Difference, Interval
from tuner.core.target_kind import NUMBERS


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A simple model trained on the sweep's training samples. A network must be better to be worth its cost."""

    key: str
    """Its short name: `logistic_regression`."""
    name: str
    """What it is: `logistic regression on the pixels`."""
    score: float
    """On the test split: the accuracy, or R2."""
    interval: Interval
    """Of the score."""
    difference: Difference
    """How much better the network is, on the same test samples."""
    trained_on: int
    """The number of samples that it was trained on."""
    of: int
    """The number of training samples that there are."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError or TypeError when something is missing."""
        difference = Difference.from_json(raw["difference"])
        known = {name: raw[name] for name in ("key", "name", "trained_on", "of")}
        interval = Interval(*raw["interval"])
        return cls(**known, score=raw[difference.of], interval=interval, difference=difference)

    def to_json(self) -> dict[str, Any]:
        """As in result.json."""
        known = {"key": self.key, "name": self.name, "trained_on": self.trained_on, "of": self.of}
        scored = {self.difference.of: self.score, "interval": self.interval}
        return known | scored | {"difference": self.difference.to_json()}

    @property
    def text(self) -> str:
        """What is said of it, the same in the terminal and in the report."""
        part = "" if self.trained_on >= self.of else f", trained on {self.trained_on:,} of {self.of:,} samples"
        score = score_text(self.score, self.interval)
        label = "R2 " if self.difference.of == NUMBERS.score else ""
        return f"{self.name}: {label}{score}{part}; the network is {difference_text(self.difference)}"
