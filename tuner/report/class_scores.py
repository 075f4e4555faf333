"""Scores class by class: the confusion matrix, precision and recall, ROC curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score, roc_curve

from tuner.training.evaluation import Predictions

MOST_POINTS = 300  # of a drawn ROC curve: more make no visible difference
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """A class, or a mean over the classes."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    """Samples of the class."""


@dataclass(frozen=True, kw_only=True)
class ClassificationReport:
    """The classification report. A class that is never predicted has the precision 0."""

    classes: tuple[ScoreRow, ...]
    macro: ScoreRow
    """The mean over the classes that have samples."""
    weighted: ScoreRow
    """The mean over the classes, each weighted by its samples."""
    accuracy: float

    @property
    def rows(self) -> tuple[ScoreRow, ...]:
        """The classes and the two means."""
        return (*self.classes, self.macro, self.weighted)

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class RocCurve:
    """The ROC curve of a class against all others."""

    name: str
    false_positives: Floats
    """Rates, rising from 0 to 1."""
    true_positives: Floats
    auc: float


def confusion(predictions: Predictions) -> NDArray[np.int64]:
    """(classes, classes) counts: a row for each true class, a column for each predicted one."""
    labels = range(predictions.probabilities.shape[1])
    counts: NDArray[np.int64] = confusion_matrix(predictions.targets, predictions.predicted, labels=labels)
    return counts


def classification(predictions: Predictions, names: Sequence[str]) -> ClassificationReport:
    """Precision, recall and F1 of each class."""
    targets, predicted = predictions.targets.numpy(), predictions.predicted.numpy()
    labels = range(len(names))
    scores = precision_recall_fscore_support(targets, predicted, labels=labels, zero_division=0)
    table = np.stack(scores[:3], axis=1)  # (classes, 3)
    support = scores[3]
    return ClassificationReport(
        classes=tuple(_row(name, *each) for name, *each in zip(names, table, support, strict=True)),
        macro=_row("macro average", table[support > 0].mean(0), support.sum()),
        weighted=_row("weighted average", np.average(table, axis=0, weights=support), support.sum()),
        accuracy=float((targets == predicted).mean()),
    )


def roc_curves(predictions: Predictions, names: Sequence[str]) -> list[RocCurve]:
    """One curve for each class that has samples.

    For two classes it is only that of the second, since the other is its mirror image.
    """
    chosen = [1] if len(names) == 2 else sorted(set(predictions.targets.tolist()))
    return [_roc(predictions, index, names[index]) for index in chosen]


def _roc(predictions: Predictions, index: int, name: str) -> RocCurve:
    positive = (predictions.targets == index).numpy()
    scores = predictions.probabilities[:, index].numpy()
    false_positives, true_positives, _ = roc_curve(positive, scores)
    kept = _thin(false_positives + true_positives)  # both increase, so their sum measures the distance along the curve
    return RocCurve(
        name=name,
        false_positives=false_positives[kept],
        true_positives=true_positives[kept],
        auc=float(roc_auc_score(positive, scores)),
    )


def _thin(way: Floats) -> NDArray[np.int64]:
    """Indices of at most MOST_POINTS points, about evenly spaced along the curve, with the first and the last."""
    if len(way) <= MOST_POINTS:
        return np.arange(len(way))
    steps = np.searchsorted(way, np.linspace(way[0], way[-1], MOST_POINTS))
    return np.unique(np.concatenate([[0], steps, [len(way) - 1]]))[: MOST_POINTS + 2]


def _row(name: str, scores: Sequence[float] | Floats, support: int) -> ScoreRow:
    precision, recall, f1 = (float(score) for score in scores)
    return ScoreRow(name=name, precision=precision, recall=recall, f1=f1, support=int(support))
