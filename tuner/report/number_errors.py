"""What the report shows of a model that says numbers: predicted against true, and how the errors are distributed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuner.core.scores import NumberScores
from tuner.report.findings import WinningModel
from tuner.report.not_shown import NotShown
from tuner.training.number_scores import NumberPredictions, number_scores

Floats = NDArray[np.float64]
MOST_POINTS = 2000  # more hide each other
BARS = 40
SEED = 0


@dataclass(frozen=True, kw_only=True)
class NumberErrors:
    """The test split as points and as a histogram, in the unit of the target."""

    target: str
    """With its unit."""
    true: Floats
    """(at most MOST_POINTS,)"""
    predicted: Floats
    """The same samples."""
    samples: int
    """All of them."""
    edges: Floats
    """(BARS + 1,) of the histogram of predicted minus true."""
    counts: NDArray[np.int64]
    """(BARS,) over all samples."""
    scores: NumberScores

    @property
    def ends(self) -> tuple[float, float]:
        """The range that both axes of the points have, with a margin."""
        least, greatest = min(self.true.min(), self.predicted.min()), max(self.true.max(), self.predicted.max())
        margin = 0.04 * float(greatest - least) or 1.0
        return float(least) - margin, float(greatest) + margin

    @property
    def points_note(self) -> str:
        """How many samples are drawn, where it is not all."""
        drawn = len(self.true)
        return f" {drawn:,} of {self.samples:,} samples are drawn." if drawn < self.samples else ""


def number_errors(winner: WinningModel) -> NumberErrors:
    """Of the winner on its test split. Raises NotShown for a model that says classes."""
    predictions, number = winner.predictions, winner.spec.number
    if not isinstance(predictions, NumberPredictions) or number is None:
        raise NotShown("the model says classes")
    true, predicted = predictions.targets.numpy(), predictions.predicted.numpy()
    counts, edges = np.histogram(predicted - true, bins=BARS)
    chosen = np.arange(len(true))
    if len(true) > MOST_POINTS:
        chosen = np.sort(np.random.default_rng(SEED).choice(len(true), MOST_POINTS, replace=False))
    unit = f" ({number.column.unit})" if number.column.unit else ""
    return NumberErrors(
        target=f"{number.name}{unit}",
        true=true[chosen],
        predicted=predicted[chosen],
        samples=len(true),
        edges=edges,
        counts=counts.astype(np.int64),
        scores=number_scores(true, predicted),
    )
