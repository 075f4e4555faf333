"""A score's error, and what a score is measured against: plain data, made by `training.score_error`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, Self

from tuner.core.target_kind import CLASSES, NUMBERS, TASKS, TargetKind

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
    """How much better a first model is than a second one on the same samples, or one model on other samples."""

    size: float
    """The first score minus the second one."""
    interval: Interval
    """Of the difference. It contains 0 whenever the test cannot tell the two apart."""
    p: float
    """How often at least such a difference, in either direction, would come about between equals: of accuracies by the
    exact test of McNemar, or by a z test where the samples are not the same; of R2 by a paired t test."""
    samples: int
    """Of the second score."""
    of: str = CLASSES.score
    """Which score: see `TargetKind.score`."""

    @property
    def better(self) -> bool:
        """Whether the first model is better by more than noise."""
        return self.interval.low > 0

    @property
    def worse(self) -> bool:
        """Whether the first model is worse by more than noise."""
        return self.interval.high < 0

    def to_json(self) -> dict[str, Any]:
        """As in result.json: the size is called after the score."""
        return {self.of: self.size, "interval": self.interval, "p": self.p, "samples": self.samples}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Difference:
        """The reverse of `to_json`. Raises KeyError or TypeError when something is missing."""
        of = next((kind.score for kind in TASKS.values() if kind.score in raw), CLASSES.score)
        return cls(size=raw[of], interval=Interval(*raw["interval"]), p=raw["p"], samples=raw["samples"], of=of)


class ScoresOfTest:
    """Scores on the test split, of either kind of target."""

    kind: ClassVar[TargetKind]
    samples: int | None
    better_than_base: bool | None

    def value(self, name: str) -> float:
        """One of `kind.tested`."""
        return float(getattr(self, name))

    def interval(self, name: str) -> Interval | None:
        """Of one of `kind.tested`."""
        found: Interval | None = getattr(self, f"{name}_interval")
        return found

    def base(self, name: str) -> float | None:
        """Of one of `kind.tested`, without a model."""
        found: float | None = getattr(self, f"base_{name}")
        return found

    @property
    def main(self) -> float:
        """The first of `kind.tested`."""
        return self.value(self.kind.score)

    @property
    def main_interval(self) -> Interval | None:
        """Of the first one."""
        return self.interval(self.kind.score)

    def to_json(self) -> dict[str, Any]:
        """As in result.json."""
        return {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]

    def numbers(self) -> dict[str, float]:
        """All that is known, each as one number: an interval as `accuracy_low` and `accuracy_high`."""
        flat: dict[str, float] = {}
        for name, value in self.to_json().items():
            if isinstance(value, Interval):
                flat |= {name.replace("interval", "low"): value.low, name.replace("interval", "high"): value.high}
            elif isinstance(value, int | float):
                flat[name] = float(value)
        return flat

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`, also of the shorter one of an earlier version."""
        known = {each.name: raw[each.name] for each in fields(cls) if each.name in raw}  # type: ignore[arg-type]
        names = [f"{name}_interval" for name in cls.kind.tested]
        return cls(**known | {name: Interval(*known[name]) for name in names if known.get(name) is not None})


@dataclass(frozen=True, kw_only=True)
class TestScores(ScoresOfTest):
    """Scores of classes. What is None was not measured by the version of tuner that tested the model."""

    kind = CLASSES
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


@dataclass(frozen=True, kw_only=True)
class NumberScores(ScoresOfTest):
    """Scores of numbers, in the unit of the target where they have one."""

    kind = NUMBERS
    r2: float
    """The share of the targets' variance that the predictions explain: 1 at most, below 0 if the mean is better."""
    rmse: float
    """The root of the mean squared error."""
    mae: float
    """The mean absolute error."""
    mse: float
    """The mean squared error."""
    samples: int | None = None
    r2_interval: Interval | None = None
    rmse_interval: Interval | None = None
    mae_interval: Interval | None = None
    base_number: float | None = None
    """The mean of the training targets. What always saying it gives:"""
    base_r2: float | None = None
    base_rmse: float | None = None
    base_mae: float | None = None
    better_than_base: bool | None = None
    """Whether the squared error is smaller than with that number, by more than noise."""


def read_scores(raw: Mapping[str, Any]) -> TestScores | NumberScores:
    """The scores in result.json, of whichever kind. Raises TypeError when something is missing."""
    return NumberScores.from_json(raw) if NUMBERS.score in raw else TestScores.from_json(raw)
