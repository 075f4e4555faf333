"""A picture of what the best trial of a user's own code reported."""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from tuner.core.metric import NOT_REPORTED
from tuner.core.records import TrialRecord
from tuner.report.figures import BLUE, GREY, figure_text, new_figure, style_axes

MOST = 12  # metrics
SIDE = 3  # pictures beside each other


def metric_names(best: TrialRecord) -> list[str]:
    """The metrics that it has reported: those that decide first."""
    decide = [metric.name for metric in best.goal.metrics]
    names = dict.fromkeys([*decide, *(name for values in best.metrics.values() for name in values)])
    return [name for name in names if name not in NOT_REPORTED][:MOST]


def draw_metrics(best: TrialRecord, kept: int) -> Figure:
    """A picture for each metric, after each epoch that has it. `kept` is the epoch whose state is kept."""
    names = metric_names(best)
    columns = min(SIDE, len(names))
    rows = math.ceil(len(names) / columns)
    figure = new_figure(4 * columns, 3 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(grid, names, strict=False):
        epochs = [epoch for epoch, values in best.metrics.items() if name in values]
        values = [best.metrics[epoch][name] for epoch in epochs]
        style_axes(axes).plot(epochs, values, color=BLUE, marker="o", markersize=3)
        axes.axvline(kept, color=GREY, linestyle="--")
        axes.set(xlabel="epoch", title=figure_text(name, 30))
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    figure.suptitle(f"trial {best.number}: what it reported")
    return figure
