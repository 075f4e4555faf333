"""A model's score on a validation split: what champions are chosen by. The test set chooses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class ValidationScore:
    """How good a model is on one validation split."""

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
