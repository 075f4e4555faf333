"""A score's error, and what a score is measured against: plain data, made by `training.score_error`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

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
    """How much more accurate a first model is than a second one on the same samples, or one model on other samples."""

    accuracy: float
    """The first accuracy minus the second one, -1 to 1."""
    interval: Interval
    """Of the difference. It contains 0 whenever the test cannot tell the two apart."""
    p: float
    """How often at least such a difference, in either direction, would come about between equals: by the exact test of
    McNemar, or by a z test where the samples are not the same."""
    samples: int
    """Of the second accuracy."""

    @property
    def better(self) -> bool:
        """Whether the first model is better by more than noise."""
        return self.interval.low > 0

    @property
    def worse(self) -> bool:
        """Whether the first model is worse by more than noise."""
        return self.interval.high < 0

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Difference:
        """The reverse of `dataclasses.asdict`. Raises KeyError or TypeError when something is missing."""
        return cls(**{**raw, "interval": Interval(*raw["interval"])})


NAMES = ("accuracy", "macro_f1", "roc_auc", "loss")
INTERVALS = tuple(f"{name}_interval" for name in NAMES)


@dataclass(frozen=True, kw_only=True)
class TestScores:
    """Scores on the test split. What is None was not measured by the version of tuner that tested the model."""

    accuracy: float
    """Share of samples classified correctly, 0 to 1."""
    macro_f1: float
    """Mean over the classes of the harmonic mean of precision and recall, 0 to 1."""
    roc_auc: float
    """Area under the ROC curve, 0 to 1: of the second class for two classes, else the mean of one class against
    the rest over all classes."""
    loss: float
    """Mean cross-entropy in nats."""
    samples: int | None = None
    accuracy_interval: Interval | None = None
    macro_f1_interval: Interval | None = None
    roc_auc_interval: Interval | None = None
    loss_interval: Interval | None = None
    base_class: str | None = None
    """The class that the training split has most of."""
    base_accuracy: float | None = None
    """What always saying `base_class` gives; for this and the next three see `Base`."""
    base_macro_f1: float | None = None
    base_roc_auc: float | None = None
    base_loss: float | None = None
    better_than_base: bool | None = None
    """Whether the model is more accurate than always saying `base_class`, by more than noise."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> TestScores:
        """From `asdict`, or from the shorter one of an earlier version."""
        known = {field.name: raw[field.name] for field in fields(cls) if field.name in raw}
        intervals = {name: Interval(*known[name]) for name in INTERVALS if known.get(name) is not None}
        return cls(**known | intervals)

    def value(self, name: str) -> float:
        """One of NAMES."""
        return float(getattr(self, name))

    def interval(self, name: str) -> Interval | None:
        """Of one of NAMES."""
        found: Interval | None = getattr(self, f"{name}_interval")
        return found

    def base(self, name: str) -> float | None:
        """Of one of NAMES, without a model."""
        found: float | None = getattr(self, f"base_{name}")
        return found

    def numbers(self) -> dict[str, float]:
        """All that is known, each as one number: an interval as `accuracy_low` and `accuracy_high`."""
        flat: dict[str, float] = {}
        for name, value in asdict(self).items():
            if isinstance(value, Interval):
                flat |= {name.replace("interval", "low"): value.low, name.replace("interval", "high"): value.high}
            elif isinstance(value, int | float):
                flat[name] = float(value)
        return flat
