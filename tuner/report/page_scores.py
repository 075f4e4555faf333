"""The winner's results on the test split, class by class: `figures_scores` as interactive charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from tuner.core.score_text import score_digits, score_text
from tuner.core.shorten import shorten
from tuner.report.class_scores import ClassificationReport, RocCurve, corner
from tuner.report.colours import BLUE, GREY
from tuner.report.figures_scores import MOST_NUMBERS
from tuner.report.page import Block, Chart, chart_text, render_table

MOST_NAMES = 100  # classes up to which each cell gives their names; with more, names would fill most of the page


def confusion_block(counts: NDArray[np.int64], names: Sequence[str]) -> Block:
    """Rows are the true classes; the colour is a cell's share of its row."""
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    classes = len(names)
    labels = [chart_text(shorten(name, 24)) for name in names]
    trace = {
        "type": "heatmap",
        "z": shares.round(4).tolist(),
        "hovertemplate": "true: class %{y}<br>predicted: class %{x}<br>%{z:.1%} of the true class<extra></extra>",
        "meta": BLUE,  # the page mixes its own colour with it
        "zmin": 0,
        "zmax": 1,
        "xgap": 1,
        "ygap": 1,
        "colorbar": {"title": {"text": "share of the<br>true class"}, "thickness": 14, "tickformat": ".0%"},
    }
    if classes <= MOST_NAMES:
        trace["hovertext"] = [[_cell(names, counts, shares, i, j) for j in range(classes)] for i in range(classes)]
        trace["hovertemplate"] = "%{hovertext}<extra></extra>"
    if classes <= MOST_NUMBERS:
        trace |= {"text": [[str(n) if n else "" for n in row] for row in counts.tolist()], "texttemplate": "%{text}"}
    axis = {"tickvals": list(range(classes)), "ticktext": labels, "automargin": True, "showgrid": False}
    axis |= {"zeroline": False, "tickfont": {"size": 12 if classes <= 40 else 8}}
    layout = {
        "margin": {"l": 60, "r": 10, "t": 34, "b": 60},
        "xaxis": {**axis, "title": {"text": "predicted", "standoff": 10}},
        "yaxis": {**axis, "title": {"text": "true", "standoff": 12}, "autorange": "reversed"},
    }
    height = min(1100, 260 + 34 * classes)
    return Block(caption="On the test set.", charts=({"data": [trace], "layout": layout, "height": height},))


def roc_block(curves: Sequence[RocCurve]) -> Block:
    """Each class against all others, with the area under its curve."""
    chance: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 1],
        "y": [0, 1],
        "showlegend": False,
        "hoverinfo": "skip",
    }
    chance["line"] = {"color": GREY, "dash": "dot"}
    traces = [chance]
    for index, curve in enumerate(curves):
        name = chart_text(shorten(curve.name, 30))
        area = score_text(curve.auc, curve.auc_interval)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": curve.false_positives.round(5).tolist(),
                "y": curve.true_positives.round(5).tolist(),
                "name": f"{name}  {score_digits(curve.auc, curve.auc_interval)}",
                "line": {"color": _curve_colour(index, len(curves))},
                "hovertemplate": f"{name}, AUC {area}<br>false positives %{{x:.3f}}<br>"
                "true positives %{y:.3f}<extra></extra>",
            }
        )
    caption = "One class against all others, on the test set."
    side = corner(curves)
    if side is None:
        return Block(caption=caption, charts=(_roc_chart(traces, (-0.01, 1.01), (-0.01, 1.01)),))
    caption += f" All curves bend in the upper left corner, so that is shown first: a part of {side:g} by {side:g}."
    enlarged = _roc_chart(traces, (-0.02 * side, side), (1 - side, 1 + 0.03 * side))
    return Block(caption=caption, charts=(enlarged, _roc_chart(traces, (-0.01, 1.01), (-0.01, 1.01))), grid=True)


def _roc_chart(traces: list[dict[str, Any]], x: tuple[float, float], y: tuple[float, float]) -> Chart:
    layout = {
        "margin": {"l": 60, "r": 10, "t": 34, "b": 50},
        "xaxis": {"title": {"text": "false positive rate", "standoff": 10}, "range": list(x)},
        "yaxis": {"title": {"text": "true positive rate"}, "range": list(y)},
        "legend": {"title": {"text": "class and AUC"}},
        "showlegend": True,
        "hovermode": "closest",
    }
    return {"data": traces, "layout": layout, "height": 460}


def classification_block(report: ClassificationReport) -> Block:
    """A table of the scores of each class, and their means."""
    rows = [[row.name, *row.texts, str(row.support)] for row in report.rows]
    html = render_table(["", "precision", "recall", "F1", "support"], rows, "means")
    return Block(caption=f"On the test set: accuracy {report.accuracy_text}. In brackets: 95 % intervals.", html=html)


def _cell(names: Sequence[str], counts: NDArray[np.int64], shares: NDArray[np.float64], row: int, column: int) -> str:
    true, predicted = (chart_text(shorten(names[index], 60)) for index in (row, column))
    return f"true {true}<br>predicted {predicted}<br>{counts[row, column]} samples, {shares[row, column]:.1%} of {true}"


def _curve_colour(index: int, count: int) -> str:
    """Colours that are visible on white and on black."""
    if count == 1:
        return BLUE
    return to_hex(colormaps["tab10"](index) if count <= 10 else colormaps["turbo"](0.08 + 0.84 * index / count))
