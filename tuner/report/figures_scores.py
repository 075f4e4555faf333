"""Figures of the winner's results on the test split, class by class. They stay readable with 100 classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tuner.core.score_text import score_digits
from tuner.report.class_scores import ClassificationReport, RocCurve, corner
from tuner.report.figures import BLUE, GREY, figure_text, new_figure, style_axes

MOST_NUMBERS = 20  # classes up to which the cells of a confusion matrix hold numbers
LEGEND_ROWS = 25


def draw_confusion(counts: NDArray[np.int64], names: Sequence[str]) -> Figure:
    """Rows are the true classes; the colour is a cell's share of its row."""
    classes = len(names)
    size = min(16.0, max(5.0, 2.2 + 0.36 * classes if classes <= MOST_NUMBERS else 3 + 0.17 * classes))
    figure = new_figure(size + 0.8, size)
    axes = figure.subplots()
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if classes <= MOST_NUMBERS:
        for row, column in np.ndindex(counts.shape):
            if counts[row, column]:
                white = shares[row, column] > 0.55
                style: dict[str, Any] = {"color": "white" if white else "black", "fontsize": 9 if classes <= 10 else 7}
                axes.text(column, row, str(counts[row, column]), ha="center", va="center", **style)
    _class_ticks(axes, names)
    axes.set(xlabel="predicted", ylabel="true", title="confusion matrix of the test set")
    figure.colorbar(image, label="share of the true class", fraction=0.04, pad=0.02)
    return figure


def draw_roc(curves: Sequence[RocCurve]) -> Figure:
    """Each class against all others, with the area under its curve."""
    columns = -(-len(curves) // LEGEND_ROWS)
    figure = new_figure(7 + 2.4 * columns, 5.8)
    axes = style_axes(figure.subplots())
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    for index, curve in enumerate(curves):
        label = f"{figure_text(curve.name, 22)}  {score_digits(curve.auc, curve.auc_interval)}"
        axes.plot(curve.false_positives, curve.true_positives, color=_curve_colour(index, len(curves)), label=label)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    side = corner(curves)
    if side and len(curves) <= MOST_NUMBERS:
        _draw_corner(axes, curves, side)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), title="ROC curves on the test set")
    size = 9 if len(curves) <= LEGEND_ROWS else 7
    axes.legend(
        title="class and AUC",
        ncols=columns,
        fontsize=size,
        title_fontsize=9,
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1, 0.5),
    )
    return figure


def _draw_corner(axes: Axes, curves: Sequence[RocCurve], side: float) -> None:
    """The upper left corner, enlarged: the curves of a good model all bend there."""
    inset = axes.inset_axes((0.42, 0.12, 0.52, 0.52), xlim=(-0.02 * side, side), ylim=(1 - side, 1 + 0.03 * side))
    for index, curve in enumerate(curves):
        inset.plot(curve.false_positives, curve.true_positives, color=_curve_colour(index, len(curves)), linewidth=1)
    inset.tick_params(labelsize=7)
    inset.grid(alpha=0.25)
    axes.indicate_inset_zoom(inset, edgecolor=GREY)


def draw_classification(report: ClassificationReport) -> Figure:
    """A table with a coloured cell for each score."""
    rows = report.rows
    figure = new_figure(7.5, 1.3 + 0.26 * len(rows))
    axes = figure.subplots()
    table = np.array([(row.precision, row.recall, row.f1) for row in rows])
    tints = table**4  # good scores differ only in their last hundredths
    axes.imshow(tints, cmap="Blues", vmin=0, vmax=1.8, aspect="auto", extent=(-0.5, 2.5, len(rows), 0))
    for index, row in enumerate(rows):
        for column, score in enumerate(row.digits):
            axes.text(column, index + 0.5, score, ha="center", va="center", fontsize=9)
        axes.text(3.3, index + 0.5, str(row.support), ha="right", va="center", fontsize=9)
    axes.axhline(len(report.classes), color="black", linewidth=1)
    axes.set_yticks(np.arange(len(rows)) + 0.5, [figure_text(row.name) for row in rows], fontsize=9)
    axes.set_xticks([0, 1, 2, 3.15], ["precision", "recall", "F1", "support"], fontsize=9)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xlim(-0.5, 3.5)
    axes.spines[:].set_visible(False)
    figure.suptitle(f"classification report of the test set: accuracy {report.accuracy_text}", fontsize=11)
    return figure


def _class_ticks(axes: Axes, names: Sequence[str]) -> None:
    labels = [figure_text(name, 24) for name in names]
    size = 9 if len(names) <= 40 else 6
    axes.set_yticks(range(len(names)), labels, fontsize=size)
    if max(map(len, labels)) * len(names) <= 40:
        axes.set_xticks(range(len(names)), labels, fontsize=size)
    else:
        axes.set_xticks(range(len(names)), labels, fontsize=size, rotation=90)


def _curve_colour(index: int, count: int) -> str | tuple[float, float, float, float]:
    if count == 1:
        return BLUE
    if count <= 10:
        return f"C{index}"
    return colormaps["turbo"](0.03 + 0.94 * index / count)
