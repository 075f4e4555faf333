"""Figures of the parameters: how much each matters, against noise, and the score over its values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from tuner.core.units import counted
from tuner.report.figures import BAND, BLUE, GREY, STATE_COLOURS, figure_text, new_figure, style_axes
from tuner.report.slices import Slice
from tuner.search.importance import Importance

COLUMNS = 3


def draw_importance(found: Importance) -> Figure:
    """What each parameter explains, on a band of what noise would."""
    parameters = found.parameters
    figure = new_figure(9, 1.9 + 0.42 * len(parameters))
    axes = style_axes(figure.subplots())
    rows = np.arange(len(parameters))
    axes.barh(rows, [each.noise for each in parameters], height=0.84, color=BAND, label="what noise would give")
    axes.barh(
        rows,
        [each.share for each in parameters],
        xerr=np.array([[min(each.error, each.share), min(each.error, 1 - each.share)] for each in parameters]).T,
        height=0.42,
        color=[BLUE if each.clear else GREY for each in parameters],
        error_kw={"ecolor": "#444444", "elinewidth": 1, "capsize": 2},
    )
    for row, each in enumerate(parameters):
        text = each.direction or "too few trials to say"
        axes.annotate(
            figure_text(f"{each.share:.0%}, {text}", 50), (1.02, row), fontsize=9, va="center", annotation_clip=False
        )
    axes.set_yticks(rows, [figure_text(each.name) for each in parameters])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("share that the parameter alone explains of the order of the trials")
    axes.set_title(f"parameter importance for {found.by} after epoch {found.epoch}, {counted(found.trials, 'trial')}")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.35 / len(parameters) - 0.12))
    return figure


def draw_slices(slices: Sequence[Slice], epoch: int, early: bool = False) -> Figure:  # noqa: ARG001 - as `slices_block`
    """The score of the trials over the values of each parameter."""
    columns = min(COLUMNS, len(slices))
    rows = math.ceil(len(slices) / columns)
    figure = new_figure(3.6 * columns + 1.2, 2.8 * rows + 0.6)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, each in zip(grid.flat, slices, strict=False):
        style_axes(axes)
        for word, colour in STATE_COLOURS.items():
            points = [point for point in each.points if point.word == word]
            if points:
                places = [each.place(point.value) for point in points]
                axes.scatter(places, [point.score for point in points], s=16, color=colour, alpha=0.8, label=word)
        if each.choices:
            axes.set_xticks(range(len(each.choices)), [figure_text(str(choice), 12) for choice in each.choices])
            axes.set_xlim(-0.5, len(each.choices) - 0.5)
        else:
            axes.set_xscale("log" if each.log else "linear")
            axes.set_xticks([number for number, _ in each.ticks], [label for _, label in each.ticks])
            axes.minorticks_off()
        axes.set_xlabel(figure_text(each.name))
    for axes in grid.flat[len(slices) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel(slices[0].points[0].record.goal.first.name)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside upper right", ncols=len(labels))
    figure.suptitle(f"score after epoch {epoch} over each parameter", x=0.02, ha="left")
    return figure
