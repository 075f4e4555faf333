"""A model's score on a validation split: what champions are chosen by. The test set chooses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from tuner.core.target_kind import CLASSES, NUMBERS, TargetKind


@dataclass(frozen=True, kw_only=True)
class ValidationScore:
    """How good a model that says classes is on one validation split."""

    kind: ClassVar[TargetKind] = CLASSES
    data: str
    """The split's fingerprint. It is the whole split, also of a sweep with `--limit`."""
    accuracy: float
    """Share of samples classified correctly, 0 to 1."""
    loss: float
    """Mean cross-entropy in nats."""
    samples: int
    base_class: str
    """The class that the training split has most of."""
    base_accuracy: float
    """The accuracy of always saying `base_class`."""
    better: bool
    """Whether the model is better than that by more than noise."""
    seen: bool = False
    """Whether the model may have been trained on some of these samples, since it is from other data."""

    @property
    def score(self) -> float:
        """What models are chosen by."""
        return self.accuracy

    @property
    def correct(self) -> int:
        """The number of samples classified correctly."""
        return round(self.accuracy * self.samples)

    @property
    def rank(self) -> tuple[float, float]:
        """Models are ordered by it, the greater the better: by accuracy, and among equals by loss."""
        return self.accuracy, -self.loss

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `dataclasses.asdict`. Raises KeyError or TypeError when a value is missing."""
        return cls(**{each.name: raw[each.name] for each in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class NumberValidation:
    """The same of a model that says numbers."""

    kind: ClassVar[TargetKind] = NUMBERS
    data: str
    r2: float
    loss: float
    """Mean squared error of the standardised target."""
    rmse: float
    """In the unit of the target, as the next two."""
    samples: int
    base_number: float
    """The mean of the training targets."""
    base_rmse: float
    """That of always saying `base_number`."""
    better: bool
    """Whether the model is better than that by more than noise."""
    seen: bool = False

    @property
    def score(self) -> float:
        """What models are chosen by."""
        return self.r2

    @property
    def rank(self) -> tuple[float, float]:
        """Models are ordered by it, the greater the better."""
        return self.r2, -self.loss

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `dataclasses.asdict`. Raises KeyError or TypeError when a value is missing."""
        return cls(**{each.name: raw[each.name] for each in fields(cls)})


Validation = ValidationScore | NumberValidation


def read_validation(raw: Mapping[str, Any]) -> Validation:
    """The reverse of `dataclasses.asdict`, of either. Raises KeyError or TypeError when a value is missing."""
    return NumberValidation.from_json(raw) if NUMBERS.score in raw else ValidationScore.from_json(raw)
