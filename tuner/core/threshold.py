"""From which probability on the second of two classes is said, and what that changes: plain data and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tuner.core.score_text import class_name, interval_text, score_digits
from tuner.core.scores import Interval

HALF = 0.5
"""The threshold of a model that has none of its own: the more probable class is said."""
METRICS = {"val_accuracy": "accuracy", "val_macro_f1": "macro F1", "val_balanced_accuracy": "balanced accuracy"}
"""The objectives that a threshold changes, and what they are called."""

_REFITTED = (
    ". It was chosen with the model before the refit, and not again: the refitted one has seen the validation samples"
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A score with the threshold, and with HALF, on the same samples."""

    before: float
    after: float
    interval: Interval
    """Of the difference, with a confidence of `scores.CONFIDENCE`."""

    @property
    def better(self) -> bool:
        """Whether it is better by more than noise."""
        return self.interval.low > 0

    @property
    def text(self) -> str:
        """`0.712 to 0.781 (by 0.069; 0.041 to 0.097)`."""
        before, after = (score_digits(value, self.interval) for value in (self.before, self.after))
        return f"{before} to {after} (by {self.after - self.before:+.3f}; {interval_text(self.interval)})"

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `dataclasses.asdict`. Raises KeyError or TypeError when something is missing."""
        return cls(before=raw["before"], after=raw["after"], interval=Interval(*raw["interval"]))


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A threshold that was chosen on the validation samples, and used if it wins there beyond noise."""

    value: float
    """The probability, 0 to 1."""
    of_class: str
    """The second class."""
    objective: str
    """The key of METRICS that it was chosen for."""
    validation: Change
    """Where each sample is judged by a threshold that was chosen without it, so that it is not flattered."""
    used: bool
    test: Change | None = None
    """Of the model that was tested; None where the threshold is not used."""
    plain_accuracy: float | None = None
    """The test accuracy with HALF, for comparison with the validation accuracy; None where it is not used."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `dataclasses.asdict`. Raises KeyError or TypeError when something is missing."""
        validation, test = Change.from_json(raw["validation"]), raw["test"] and Change.from_json(raw["test"])
        return cls(**{**raw, "validation": validation, "test": test})


def threshold_text(threshold: Threshold, *, refitted: bool = False) -> str:
    """What is said of a threshold that is used. A `refitted` model has seen the samples that it was chosen on.

    Chosen anew on these, it would suit probabilities that are surer than those of new samples. So it stays that of the
    model before, as scikit-learn's TunedThresholdClassifierCV with one split and `refit=True` has it.
    """
    metric, name = METRICS[threshold.objective], class_name(threshold.of_class)
    test = f"; on the test set from {threshold.test.text}" if threshold.test else ""
    if threshold.plain_accuracy is not None and metric != "accuracy":
        test += f", where the accuracy with {HALF} is {threshold.plain_accuracy:.3f}"
    return (
        f"'{name}' is said from a probability of {threshold.value:.3f} on, not {HALF}: {metric} goes from "
        f"{threshold.validation.text} on the validation samples{test}{_REFITTED if refitted else ''}"
    )
