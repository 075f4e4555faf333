"""Scores class by class: the confusion matrix, precision and recall, ROC curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_curve

from tuner.core.score_text import score_digits, score_text
from tuner.core.scores import Interval
from tuner.training.evaluation import Predictions
from tuner.training.score_error import Ints, wilson
from tuner.training.score_intervals import auc_interval, f1_interval

CORNERS = (0.01, 0.02, 0.05, 0.1, 0.2)  # of the unit square: a smaller part is shown on its own
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
    precision_interval: Interval | None = None
    """None without samples, and for means."""
    recall_interval: Interval | None = None
    f1_interval: Interval | None = None

    @property
    def texts(self) -> list[str]:
        """Precision, recall and F1, with as many digits as their error allows."""
        return [score_text(*each) for each in self._scores]

    @property
    def digits(self) -> list[str]:
        """The same without the intervals."""
        return [score_digits(*each) for each in self._scores]

    @property
    def _scores(self) -> list[tuple[float, Interval | None]]:
        return [
            (self.precision, self.precision_interval),
            (self.recall, self.recall_interval),
            (self.f1, self.f1_interval),
        ]


@dataclass(frozen=True, kw_only=True)
class ClassificationReport:
    """The classification report. A class that is never predicted has the precision 0."""

    classes: tuple[ScoreRow, ...]
    macro: ScoreRow
    """The mean over the classes that have samples."""
    weighted: ScoreRow
    """The mean over the classes, each weighted by its samples."""
    accuracy: float
    accuracy_interval: Interval

    @property
    def accuracy_text(self) -> str:
        """With its interval."""
        return score_text(self.accuracy, self.accuracy_interval)

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
    auc_interval: Interval


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
    classes = [_row(name, *each) for name, *each in zip(names, table, support, strict=True)]
    present = np.flatnonzero(support).tolist()
    macro = _row("macro average", table[support > 0].mean(0), support.sum())
    return ClassificationReport(
        classes=tuple(_with_intervals(row, label, targets, predicted) for label, row in enumerate(classes)),
        macro=replace(macro, f1_interval=f1_interval(targets, predicted, present)[1]),
        weighted=_row("weighted average", np.average(table, axis=0, weights=support), support.sum()),
        accuracy=float((targets == predicted).mean()),
        accuracy_interval=wilson(int((targets == predicted).sum()), len(targets)),
    )


def _with_intervals(row: ScoreRow, label: int, targets: Ints, predicted: Ints) -> ScoreRow:
    """The row of a class, with what can be said of how sure it is."""
    said, right = int((predicted == label).sum()), int(((predicted == label) & (targets == label)).sum())
    return replace(
        row,
        precision_interval=wilson(right, said) if said else None,
        recall_interval=wilson(right, row.support) if row.support else None,
        f1_interval=f1_interval(targets, predicted, [label])[1] if row.support else None,
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
    auc, interval = auc_interval(predictions.targets.numpy(), predictions.probabilities.numpy(), [index])
    kept = _thin(false_positives + true_positives)  # both increase, so their sum measures the distance along the curve
    return RocCurve(
        name=name,
        false_positives=false_positives[kept],
        true_positives=true_positives[kept],
        auc=auc,
        auc_interval=interval,
    )


def corner(curves: Sequence[RocCurve]) -> float | None:
    """The side, one of CORNERS, of the upper left corner in which all curves bend; None if that is too small."""
    reach = max(float(np.maximum(c.false_positives, 1 - c.true_positives).min()) for c in curves)
    return next((side for side in CORNERS if 2 * reach <= side), None)


def _thin(way: Floats) -> NDArray[np.int64]:
    """Indices of at most MOST_POINTS points, about evenly spaced along the curve, with the first and the last."""
    if len(way) <= MOST_POINTS:
        return np.arange(len(way))
    steps = np.searchsorted(way, np.linspace(way[0], way[-1], MOST_POINTS))
    return np.unique(np.concatenate([[0], steps, [len(way) - 1]]))[: MOST_POINTS + 2]


def _row(name: str, scores: Sequence[float] | Floats, support: int) -> ScoreRow:
    precision, recall, f1 = (float(score) for score in scores)
    return ScoreRow(name=name, precision=precision, recall=recall, f1=f1, support=int(support))
