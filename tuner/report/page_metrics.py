"""The chart of what the best trial of a user's own code reported."""

from __future__ import annotations

from typing import Any

from tuner.core.records import TrialRecord
from tuner.report.colours import BLUE
from tuner.report.figures_metrics import metric_names
from tuner.report.page import Block, Chart, chart_text


def metrics_block(best: TrialRecord, kept: int) -> Block:
    """A chart for each metric, after each epoch that has it. `kept` is the epoch whose state is kept."""
    charts = tuple(_chart(best, name, kept) for name in metric_names(best))
    return Block(
        caption=f"Trial {best.number}. The dashed line is epoch {kept}, which counts.", charts=charts, grid=True
    )


def _chart(best: TrialRecord, name: str, kept: int) -> Chart:
    epochs = [epoch for epoch, values in best.metrics.items() if name in values]
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": epochs,
        "y": [best.metrics[epoch][name] for epoch in epochs],
        "line": {"color": BLUE},
        "hovertemplate": "epoch %{x}<br>%{y:.5g}<extra></extra>",
        "showlegend": False,
    }
    line = {"type": "line", "x0": kept, "x1": kept, "yref": "paper", "y0": 0, "y1": 1, "line": {"dash": "dash"}}
    layout = {
        "margin": {"l": 60, "r": 10, "t": 40, "b": 40},
        "title": {"text": chart_text(name), "font": {"size": 14}},
        "xaxis": {"title": {"text": "epoch"}},
        "shapes": [line],
    }
    return {"data": [trace], "layout": layout, "height": 280}
