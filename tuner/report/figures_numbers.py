"""Figures of a model that says numbers: predicted against true, the errors, and the distribution of a target."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tuner.core.score_text import shown_score
from tuner.report.figures import BLUE, GREY, figure_text, new_figure, save, style_axes
from tuner.report.figures_classes import COLOURS
from tuner.report.number_errors import NumberErrors


def draw_predicted(found: NumberErrors) -> Figure:
    """A point for each sample of the test set; on the line they would be right."""
    figure = new_figure(6, 5.6)
    axes = style_axes(figure.subplots())
    ends = found.ends
    axes.plot(ends, ends, color=GREY, linestyle=":")
    axes.scatter(found.true, found.predicted, s=14, color=BLUE, alpha=0.5, linewidths=0)
    name = figure_text(found.target)
    axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}", xlim=ends, ylim=ends, aspect="equal")
    figure.suptitle(f"test set: R2 {shown_score(found.scores, 'r2')}", fontsize=11)
    return figure


def draw_residuals(found: NumberErrors) -> Figure:
    """The error of each sample over what was predicted, and how often errors of each size come about."""
    figure = new_figure(10, 4)
    left, right = figure.subplots(1, 2)
    style_axes(left).axhline(0, color=GREY, linestyle=":")
    left.scatter(found.predicted, found.predicted - found.true, s=14, color=BLUE, alpha=0.5, linewidths=0)
    name = figure_text(found.target)
    left.set(xlabel=f"predicted {name}", ylabel="predicted - true")
    style_axes(right).stairs(found.counts, found.edges, fill=True, color=BLUE, alpha=0.6)
    right.axvline(0, color=GREY, linestyle=":")
    right.set(xlabel="predicted - true", ylabel="samples")
    figure.suptitle(f"errors on the test set: RMSE {shown_score(found.scores, 'rmse')}", fontsize=11)
    return figure


def draw_numbers(name: str, target: str, found: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Writes a PNG with the distribution of a target in each split, see `data.number_distribution`."""
    figure = new_figure(8, 4)
    axes = style_axes(figure.subplots())
    for split, each in found.items():
        counts = np.array(each["histogram"], dtype=np.float64)
        edges = np.linspace(each["least"], max(each["greatest"], np.nextafter(each["least"], np.inf)), len(counts) + 1)
        axes.stairs(counts / counts.sum(), edges, color=COLOURS[split], label=split, linewidth=1.6)
    axes.set(xlabel=figure_text(target), ylabel="share of the samples in a bar")
    axes.set_title(figure_text(name), loc="left")
    axes.legend(frameon=False)
    save(figure, path)
