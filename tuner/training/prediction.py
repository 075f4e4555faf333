"""`tuner predict`: classes and probabilities, or numbers, of samples that were read from files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from tuner.data.spec import DataSpec, NumberTarget
from tuner.training.classifier import predict_logits
from tuner.training.decision import decide
from tuner.training.sample_batches import Samples
from tuner.training.saved_model import to_probabilities


@dataclass(frozen=True)
class Prediction:
    """The model's answer for one sample."""

    sample: str
    probabilities: dict[str, float]
    """By class: first the one that is said, which is the most probable one but where the model has a threshold of its
    own, and then the others, the most probable first."""
    truth: str | None = None
    """The true class, where it is known."""
    notes: tuple[str, ...] = ()
    """What is far from the training data in this sample."""

    @property
    def best(self) -> tuple[str, float]:
        """The class, and its probability."""
        return next(iter(self.probabilities.items()))

    def to_json(self) -> dict[str, Any]:
        """For scripts. The keys `true_class` and `notes` are only there when there is something to say."""
        name, probability = self.best
        return {
            "sample": self.sample,
            "class": name,
            "probability": probability,
            "probabilities": self.probabilities,
            **({} if self.truth is None else {"true_class": self.truth}),
            **({"notes": list(self.notes)} if self.notes else {}),
        }


@dataclass(frozen=True)
class NumberPrediction:
    """The answer of a model that says numbers."""

    sample: str
    target: str
    """The column that is predicted."""
    number: float
    """In the unit of that column."""
    unit: str = ""
    """What is written with its numbers, such as `kg`."""
    truth: float | None = None
    """The true number, where it is known."""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For scripts. The keys `unit`, `true_number` and `notes` are only there when there is something to say."""
        return {
            "sample": self.sample,
            "target": self.target,
            "number": self.number,
            **({"unit": self.unit} if self.unit else {}),
            **({} if self.truth is None else {"true_number": self.truth}),
            **({"notes": list(self.notes)} if self.notes else {}),
        }


def predict(model: nn.Module, data: DataSpec, samples: Samples) -> list[Prediction]:
    """A prediction for each sample of a batch, in their order, of a model that says classes."""
    return to_predictions(data, samples, to_probabilities(predict_logits(model, samples.inputs)))


def to_predictions(data: DataSpec, samples: Samples, probabilities: NDArray[np.float32]) -> list[Prediction]:
    """The same, of the (samples, classes) probabilities that a model gave for them."""
    predictions = []
    said = decide(probabilities, data.threshold)
    for name, truth, notes, row, first in zip(
        samples.names, samples.truths, samples.notes, probabilities, said, strict=True
    ):
        order = sorted(range(len(row)), key=lambda index: (index != first, -row[index]))
        by_class = {data.classes[index]: float(row[index]) for index in order}
        predictions.append(Prediction(name, by_class, truth, tuple(map(str, notes))))
    return predictions


def predict_numbers(model: nn.Module, target: NumberTarget, samples: Samples) -> list[NumberPrediction]:
    """The same of a model that says numbers."""
    return to_number_predictions(target, samples, predict_logits(model, samples.inputs))


def to_number_predictions(target: NumberTarget, samples: Samples, outputs: Tensor) -> list[NumberPrediction]:
    """The same, of the (samples, 1) outputs that a model gave for them."""
    numbers = target.unscaled(outputs).tolist()
    return [
        NumberPrediction(
            sample=name,
            target=target.name,
            number=number,
            unit=target.column.unit,
            truth=None if truth is None else float(truth),
            notes=tuple(map(str, notes)),
        )
        for name, truth, notes, number in zip(samples.names, samples.truths, samples.notes, numbers, strict=True)
    ]
