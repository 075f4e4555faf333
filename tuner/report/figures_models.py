"""The best score of each model of a sweep of several as the search went on, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tuner.report.figures import figure_text, new_figure, style_axes
from tuner.report.model_series import ModelSeries


def colour_of(place: int) -> str:
    """Of a model, by its place: seen on white and on black."""
    return to_hex(colormaps["tab10"](place % 10))


def draw_models(series: Sequence[ModelSeries], *_of_page: object) -> Figure:
    """A step line for each model."""
    figure = new_figure(8, 4.5)
    axes = style_axes(figure.subplots())
    for place, each in enumerate(series):
        if each.curve:
            x, y = zip(*each.curve, strict=True)
            label = f"{figure_text(each.name, 24)} ({len(each.trials)} trials, {each.epochs} epochs)"
            axes.step(x, y, where="post", color=colour_of(place), label=label)
    name = next(each.best.goal.watched.name for each in series if each.best)
    axes.set(xlabel="epochs of the whole search", ylabel=f"best {name} so far", title="what each model gave")
    axes.legend(frameon=False, loc="lower right")
    return figure
