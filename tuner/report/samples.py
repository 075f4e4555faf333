"""The samples that a report shows, in the form that figures and pages need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.units import number_text
from tuner.data.encoding import to_raw, words
from tuner.data.spec import DataSpec
from tuner.report.findings import WinningModel
from tuner.training.number_scores import NumberPredictions


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sample of the test split."""

    position: int
    """Its row in `Predictions.inputs`, among the samples that are shown."""
    index: int
    """Its index in the test split."""
    truth: str
    predicted: str
    probability: float | None
    """The probability of the predicted class; None for a number."""
    confident_mistake: bool
    """Whether it is shown because it is one, or because its error is large; else it was drawn at random."""

    @property
    def right(self) -> bool:
        """Whether the prediction is correct. A number is when it is not shown for its error."""
        return not self.confident_mistake if self.probability is None else self.truth == self.predicted

    @property
    def mark(self) -> str:
        """A check mark or a cross; nothing for a number, which is never quite right."""
        return "" if self.probability is None else "✓" if self.right else "✗"

    @property
    def sure(self) -> str:
        """The probability, `97.5%`; empty for a number."""
        return "" if self.probability is None else f"{self.probability:.1%}"


def samples(winner: WinningModel) -> list[Sample]:
    """All that are shown, in the order of `Predictions.inputs`."""
    if isinstance(winner.predictions, NumberPredictions):
        return _numbers(winner.predictions)
    predictions, classes = winner.predictions, winner.spec.classes
    indices = [*predictions.drawn.tolist(), *predictions.wrong.tolist()]
    predicted = predictions.predicted
    return [
        Sample(
            position=position,
            index=index,
            truth=classes[int(predictions.targets[index])],
            predicted=classes[int(predicted[index])],
            probability=float(predictions.probabilities[index, predicted[index]]),
            confident_mistake=position >= len(predictions.drawn),
        )
        for position, index in enumerate(indices)
    ]


def _numbers(predictions: NumberPredictions) -> list[Sample]:
    indices = [*predictions.drawn.tolist(), *predictions.wrong.tolist()]
    return [
        Sample(
            position=position,
            index=index,
            truth=number_text(float(predictions.targets[index])),
            predicted=number_text(float(predictions.predicted[index])),
            probability=None,
            confident_mistake=position >= len(predictions.drawn),
        )
        for position, index in enumerate(indices)
    ]


def group_samples(shown: Sequence[Sample]) -> list[tuple[str, list[Sample]]]:
    """Those drawn at random and those that are confident mistakes, each with a heading. None is empty."""
    numbers = any(sample.probability is None for sample in shown)
    headings = {False: "drawn at random", True: "the largest errors" if numbers else "the most confident mistakes"}
    groups = groupby(shown, key=lambda sample: sample.confident_mistake)
    return [(headings[mistakes], list(group)) for mistakes, group in groups]


def to_pixels(spec: DataSpec, image: Tensor) -> NDArray[np.uint8]:
    """(channels, height, width) in raw units -> (height, width) grey or (height, width, 3) red, green and blue.

    Images of neither one nor three channels are shown as the grey mean of their channels.
    """
    scaled = (image.double() / spec.white).clamp(0, 1).mul(255).round().byte()
    if len(scaled) == 3:
        return np.asarray(scaled.permute(1, 2, 0).numpy())
    return np.asarray(scaled.double().mean(0).byte().numpy())


def weighted_words(winner: WinningModel, position: int) -> list[tuple[str, float]]:
    """The words of a text, each with the strength of its mark, 0 to 1.

    Only words with more than the mean attention are marked, and a full mark needs at least twice the mean. So no
    word stands out where the model attends to all words alike. Without attention all marks are 0.
    """
    weights = None if winner.attention is None else winner.attention[position]
    return mark_words(winner.spec, winner.predictions.inputs[position], weights)


def mark_words(spec: DataSpec, tokens: Tensor, weights: Tensor | None) -> list[tuple[str, float]]:
    """The same of (steps,) tokens and the (steps,) weights that a model gives them, if it gives any."""
    found = words(spec, tokens)
    if weights is None:
        return [(word, 0.0) for word in found]
    weights = weights.double()
    mean = weights[weights > 0].mean()
    marks = ((weights - mean) / torch.maximum(weights.max() - mean, mean)).clamp_min(0).tolist()
    return list(zip(found, marks, strict=False))  # padding has marks too, but no words


def table_columns(winner: WinningModel) -> tuple[list[str], list[list[str]]]:
    """Names and values of tabular samples: those of the raw table where it is known, else numbered features."""
    inputs = winner.predictions.inputs
    raw = to_raw(winner.spec, inputs)
    if isinstance(raw, np.ndarray):
        return [f"feature {n}" for n in range(1, inputs.shape[1] + 1)], [_row(values) for values in inputs.tolist()]
    return [str(name) for name in raw.columns], [_row(values) for values in raw.itertuples(index=False)]


def _row(values: Sequence[object]) -> list[str]:
    return [_cell(value) for value in values]


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - a missing category is NaN in a data frame
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
