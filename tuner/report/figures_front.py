"""The Pareto front of a sweep with two objectives, as a figure."""

from __future__ import annotations

from matplotlib.figure import Figure

from tuner.report.figures import BLUE, GREY, new_figure, style_axes
from tuner.report.front_series import FrontSeries


def draw_front(drawn: FrontSeries) -> Figure:
    """All trials over both objectives: grey those that are dominated, blue and with their numbers the front."""
    figure = new_figure(8, 4.5)
    axes = style_axes(figure.subplots())
    for label, points in drawn.others.items():
        inside = GREY if label == drawn.DOMINATED else "none"
        x, y = zip(*(drawn.place(record) for record in points), strict=True)
        axes.scatter(x, y, edgecolors=GREY, facecolors=inside, s=24, label=f"{label} ({len(points)})")
    x, y = zip(*(drawn.place(record) for record in drawn.front), strict=True)
    axes.plot(x, y, color=BLUE, marker="o", linewidth=1, label=f"the Pareto front ({len(drawn.front)})", zorder=3)
    for record in drawn.front:
        axes.annotate(str(record.number), drawn.place(record), xytext=(5, 5), textcoords="offset points", fontsize=9)
    axes.set(xlabel=drawn.labels[0], ylabel=drawn.labels[1], title="the Pareto front, with the numbers of its trials")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
