"""Figures of the search: the curves of the trials, the history of the scores, parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tuner.core.records import TrialRecord
from tuner.report.figures import BLUE, GREY, RED, STATE_COLOURS, figure_text, new_figure, style_axes
from tuner.report.search_series import (
    NOT_USED,
    ParallelCoordinates,
    best_so_far,
    rank_colour,
    scored_trials,
    unscored_note,
)
from tuner.search.schedulers.base import Scheduler

_PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8}  # behind text that lines may cross


def draw_curves(best: TrialRecord, kept: int) -> Figure:
    """Loss and score of the best trial after each epoch, on the training and the validation split.

    The saved model has the weights after the epoch `kept`.
    """
    figure = new_figure(10, 4)
    for axes, metric in zip(figure.subplots(1, 2), ("loss", best.goal.kind.score), strict=True):
        for split, label, colour in (("train", "training", RED), ("val", "validation", BLUE)):
            values = [best.metrics[epoch][f"{split}_{metric}"] for epoch in best.values]
            axes.plot(list(best.values), values, color=colour, label=label, marker="o", markersize=3)
        axes.axvline(best.best_epoch, color=GREY, linestyle="--", label=f"kept epoch, {best.best_epoch}")
        if kept != best.best_epoch:
            axes.axvline(kept, color=GREY, linestyle=":", label=f"epoch of the saved model, {kept}")
        axes.set(xlabel="epoch", ylabel="loss" if metric == "loss" else best.goal.kind.label)
        _integer_axis(style_axes(axes), best.epoch)
        axes.legend(frameon=False)
    figure.suptitle(f"trial {best.number}: training and validation")
    return figure


def draw_history(records: Sequence[TrialRecord]) -> Figure:
    """The score of each trial's kept epoch, and the best so far."""
    figure = new_figure(8, 4.5)
    axes = style_axes(figure.subplots())
    for word, colour in STATE_COLOURS.items():
        found = scored_trials(records, word)
        if found:
            numbers, scores = [r.number for r in found], [r.score for r in found]
            axes.scatter(numbers, scores, color=colour, label=f"{word} ({len(found)})", zorder=3)
    numbers, best = best_so_far(records)
    axes.step([*numbers, records[-1].number], [*best, best[-1]], where="post", color=BLUE, label="best so far")
    name = f"{records[0].goal.first.name} of the kept epoch"
    axes.set(xlabel="trial", ylabel=name, title=f"optimization history{unscored_note(records)}")
    _integer_axis(axes, records[-1].number, low=0)
    _legend(axes)
    return figure


def draw_learning(
    records: Sequence[TrialRecord],
    best: TrialRecord,
    scheduler: Scheduler,
    epochs: int,
    account: str = "",  # noqa: ARG001 - the page tells it in words
) -> Figure:
    """The score of all trials after each epoch, with the rungs."""
    figure = new_figure(8, 4.5)
    axes = style_axes(figure.subplots())
    for record in records:
        colour = STATE_COLOURS[record.word]
        axes.plot(list(record.values), list(record.values.values()), color=colour, alpha=0.6, marker=".", markersize=6)
    axes.plot(list(best.values), list(best.values.values()), color=BLUE, linewidth=2.2, zorder=4)
    for rung in scheduler.rungs():
        axes.axvline(rung, color=GREY, linestyle=":", zorder=0)
        axes.annotate(
            f"rung {rung}", (rung, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=8
        )
    handles = [Line2D([], [], color=BLUE, linewidth=2.2, label=f"trial {best.number}, the best")]
    handles += [
        Line2D([], [], color=colour, marker=".", label=f"{word} ({len(scored_trials(records, word))})")
        for word, colour in STATE_COLOURS.items()
        if scored_trials(records, word)
    ]
    rule = f" (after each rung, {scheduler.rule})" if scheduler.rungs() else ""
    axes.set(xlabel=f"epoch{rule}", ylabel=best.goal.watched.name)
    axes.set_title("learning curves of all trials", pad=18)
    _integer_axis(axes, epochs)
    _legend(axes, handles)
    return figure


def draw_parallel(drawn: ParallelCoordinates) -> Figure:
    """A line for each trial, through the values of its parameters to its score."""
    figure = new_figure(max(7.0, 1.6 * len(drawn.axes) + 1), 4.8)
    axes = figure.subplots()
    for index, axis in enumerate(drawn.axes):
        axes.axvline(index, color=GREY, linewidth=1, zorder=0)
        for place, label in axis.ticks:
            axes.annotate(
                figure_text(label, 16),
                (index, place),
                xytext=(5, 0),
                textcoords="offset points",
                fontsize=8,
                va="center",
                bbox=_PAPER,
            )
    for rank, line in enumerate(drawn.lines):  # from the worst to the best
        last = rank == len(drawn.lines) - 1
        colour, width = (RED, 2.2) if last else (rank_colour(rank / len(drawn.lines)), 1.3)
        axes.plot(range(len(line.places)), line.places, color=colour, linewidth=width)
    axes.set_xticks(range(len(drawn.axes)), [figure_text(axis.name, 18) for axis in drawn.axes])
    axes.set(xlim=(-0.15, len(drawn.axes) - 0.55), ylim=(NOT_USED - 0.05, 1.05), yticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(
        f"parallel coordinates: the bluer, the better; red is trial {drawn.lines[-1].record.number}, the best"
    )
    return figure


def _integer_axis(axes: Axes, high: int, low: int = 1) -> None:
    """Whole numbers only along the x axis, from `low` to `high`."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    margin = max(0.5, 0.03 * (high - low))
    axes.set_xlim(low - margin, high + margin)


def _legend(axes: Axes, handles: list[Line2D] | None = None) -> None:
    """Beside the axes, where it hides nothing."""
    axes.legend(handles=handles, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
