"""The sections of a model that says numbers: `figures_numbers` as interactive charts."""

from __future__ import annotations

from typing import Any

import numpy as np

from tuner.core.score_text import shown_score
from tuner.core.units import number_text
from tuner.report.colours import BLUE, GREY
from tuner.report.number_errors import NumberErrors
from tuner.report.page import Block, chart_text


def predicted_block(found: NumberErrors) -> Block:
    """A point for each sample of the test set; on the line they would be right."""
    low, high = found.ends
    line: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": [low, high], "y": [low, high], "hoverinfo": "skip"}
    line["line"] = {"color": GREY, "dash": "dot"}
    name = chart_text(found.target)
    layout = {
        "margin": {"l": 70, "r": 10, "t": 34, "b": 50},
        "xaxis": {"title": {"text": f"true {name}", "standoff": 10}, "range": [low, high]},
        "yaxis": {"title": {"text": f"predicted {name}"}, "range": [low, high]},
        "showlegend": False,
        "hovermode": "closest",
    }
    scores = "; ".join(f"{label} {shown_score(found.scores, key)}" for key, label in found.scores.kind.tested.items())
    caption = f"On the test set: {scores}. In brackets: 95 % intervals.{found.points_note}"
    chart = {"data": [line, _points(found, found.true, found.predicted)], "layout": layout, "height": 520}
    return Block(caption=caption, charts=(chart,))


def residuals_block(found: NumberErrors) -> Block:
    """The error of each sample over what was predicted, and how often errors of each size come about."""
    zero: dict[str, Any] = {"type": "line", "line": {"color": GREY, "width": 1.5, "dash": "dot"}}
    bars = {
        "type": "bar",
        "x": ((found.edges[1:] + found.edges[:-1]) / 2).tolist(),
        "y": found.counts.tolist(),
        "width": np.diff(found.edges).tolist(),
        "marker": {"color": BLUE, "opacity": 0.6},
        "xaxis": "x2",
        "yaxis": "y2",
        "hovertemplate": "about %{x:.4g}: %{y} samples<extra></extra>",
    }
    layout = {
        "margin": {"l": 70, "r": 10, "t": 34, "b": 50},
        "grid": {"rows": 1, "columns": 2, "pattern": "independent"},
        "xaxis": {"title": {"text": f"predicted {chart_text(found.target)}", "standoff": 10}},
        "yaxis": {"title": {"text": "predicted - true"}},
        "xaxis2": {"title": {"text": "predicted - true", "standoff": 10}},
        "yaxis2": {"title": {"text": "samples"}},
        "shapes": [
            {**zero, "x0": 0, "x1": 1, "xref": "x domain", "y0": 0, "y1": 0},
            {**zero, "x0": 0, "x1": 0, "xref": "x2", "y0": 0, "y1": 1, "yref": "y2 domain"},
        ],
        "showlegend": False,
        "hovermode": "closest",
        "bargap": 0,
    }
    caption = (
        "The error of each sample of the test set, over what was predicted: points that fan out or bend say where the "
        f"model is worse.{found.points_note}"
    )
    data = [_points(found, found.predicted, found.predicted - found.true), bars]
    return Block(caption=caption, charts=({"data": data, "layout": layout, "height": 400},))


def _points(found: NumberErrors, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> dict[str, Any]:
    pairs = zip(found.true, found.predicted, strict=True)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x.tolist(),
        "y": y.tolist(),
        "marker": {"color": BLUE, "size": 6, "opacity": 0.5},
        "text": [f"true {number_text(true)}<br>predicted {number_text(said)}" for true, said in pairs],
        "hovertemplate": "%{text}<extra></extra>",
    }
