"""The figure of a confirmation: the score of each seed, and their mean."""

from __future__ import annotations

from matplotlib.figure import Figure

from tuner.core.confirmation import Confirmation
from tuner.core.confirmation_text import trainings_text
from tuner.report.figures import BLUE, RED, new_figure, style_axes
from tuner.report.findings import Confirmed


def draw_confirmation(found: Confirmed) -> Figure:
    """A point for each seed, the mean with its interval, and the winner's own score apart."""
    figure = new_figure(8, 2.4)
    axes = style_axes(figure.subplots())
    confirmation, spread = found.confirmation, found.spread
    own = f"trial {confirmation.trial}, {'its own' if found.finalists else 'chosen for its'} score"
    for value, height in zip(spread.values, stacked(confirmation), strict=True):
        axes.plot(value, height, "o", color=BLUE, alpha=0.7)
    if spread.interval:
        axes.axvspan(*spread.interval, color=BLUE, alpha=0.12, label="95 % interval of the mean")
    axes.axvline(spread.mean, color=BLUE, label=f"mean of {trainings_text(confirmation)}")
    axes.axvline(found.own, color=RED, linestyle="--", label=own)
    axes.set(xlabel=confirmation.metric, yticks=[], ylim=(-1, 1 + max(stacked(confirmation))))
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    return figure


def stacked(found: Confirmation) -> list[int]:
    """A height for each seed's point: equal values lie above each other."""
    values = found.score.values if found.score else ()
    return [values[:at].count(value) for at, value in enumerate(values)]
