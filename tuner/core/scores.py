"""A score's error, and what a score is measured against: plain data, made by `training.score_error`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

CONFIDENCE = 0.95
"""Of every interval that is shown."""


class Interval(NamedTuple):
    """Where a score over many more such samples is expected, with a confidence of CONFIDENCE."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Base:
    """The scores on the test split without a model: a model is worth something when it is better."""

    label: int
    """The index of the class that the training split has most of: the base always says this one."""
    accuracy: float
    macro_f1: float
    roc_auc: float
    """0.5: an answer that is always the same puts the samples in no order."""
    loss: float
    """Mean cross-entropy in nats when the probabilities are always the class frequencies of the training split."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How much more accurate a first model is than a second one, on the same samples."""

    accuracy: float
    """The first model's accuracy minus the second one's, -1 to 1."""
    interval: Interval
    """Of the difference. It contains 0 whenever the test cannot tell the two apart."""
    p: float
    """How often at least such a difference, in either direction, would come about between equals (exact McNemar)."""
    samples: int

    @property
    def better(self) -> bool:
        """Whether the first model is better by more than noise."""
        return self.interval.low > 0

    @property
    def worse(self) -> bool:
        """Whether the first model is worse by more than noise."""
        return self.interval.high < 0
