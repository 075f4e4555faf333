"""A model's score on a validation split: what champions are chosen by. The test set chooses nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from tuner.core.score_text import class_name


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


DATA_TAG, ACCURACY_TAG, SAMPLES_TAG = "tuner.val_data", "tuner.val_accuracy", "tuner.val_samples"
_SCORE_TAG = "tuner.validation."


def own_tags(score: ValidationScore) -> dict[str, str]:
    """The tags of a model, for a store: its score on the validation split of its own sweep."""
    shown = {DATA_TAG: score.data, ACCURACY_TAG: repr(score.accuracy), SAMPLES_TAG: str(score.samples)}
    return shown | dict([score_tag(score)])


def score_tag(score: ValidationScore) -> tuple[str, str]:
    """The tag of one score, as name and value. The class is shortened: stores take no tag of any length."""
    return _SCORE_TAG + score.data, json.dumps({**asdict(score), "base_class": class_name(score.base_class)})


def scores_in(tags: Mapping[str, str]) -> dict[str, ValidationScore]:
    """All scores in the tags of a model, by their splits. What cannot be read is left out, and scored again."""
    found = {}
    for name, value in tags.items():
        if name.startswith(_SCORE_TAG):
            try:
                score = ValidationScore.from_json(json.loads(value))
            except (ValueError, KeyError, TypeError):
                continue
            found[score.data] = score
    return found
