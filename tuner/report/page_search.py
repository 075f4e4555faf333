"""Interactive charts of the search: those of `figures_search`, with the trial and its parameters at each point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tuner.core.objective import PLAIN
from tuner.core.records import TrialRecord
from tuner.core.units import format_parameters
from tuner.report.colours import BLUE, GREY, RED, STATE_COLOURS
from tuner.report.page import Block, chart_text
from tuner.report.search_series import (
    NOT_USED,
    Line,
    ParallelCoordinates,
    best_so_far,
    rank_colour,
    scored_trials,
    unscored_note,
)
from tuner.search.schedulers.base import Scheduler

Trace = dict[str, Any]
SHORTER = "Pruned trials trained for fewer epochs than those that are done, so the two are not to be compared."
SHADES = 10  # of the lines in the parallel coordinates: a trace for each is quick with any number of trials


def curves_block(best: TrialRecord, kept: int) -> Block:
    """Loss and accuracy of the best trial after each epoch; the saved model has the weights after the epoch `kept`."""
    epochs = list(best.values)
    traces = []
    score = best.goal.kind.score
    for axis, metric in (("", "loss"), ("2", score)):
        for split, label, colour in (("train", "training", RED), ("val", "validation", BLUE)):
            values = [best.metrics[epoch][f"{split}_{metric}"] for epoch in epochs]
            trace = _line_trace(epochs, values, label, colour)
            trace |= {"xaxis": f"x{axis}", "yaxis": f"y{axis}", "legendgroup": label, "showlegend": not axis}
            trace["hovertemplate"] = f"epoch %{{x}}<br>{label} {metric} %{{y:.4f}}<extra></extra>"
            traces.append(trace)
    layout = {
        "margin": {"l": 60, "r": 10, "t": 50, "b": 50},
        "grid": {"rows": 1, "columns": 2, "pattern": "independent"},
        "xaxis": _integer_axis("epoch", 1, best.epoch),
        "xaxis2": _integer_axis("epoch", 1, best.epoch),
        "yaxis": {"title": {"text": "loss"}},
        "yaxis2": {"title": {"text": best.goal.kind.label}},
        "shapes": [_vertical_line(best.best_epoch, axis, "dash") for axis in ("", "2")],
        "annotations": [_label_above(best.best_epoch, "kept", axis) for axis in ("", "2")],
        "legend": {"orientation": "h", "y": 1.08, "yanchor": "bottom"},
    }
    caption = f"Trial {best.number}. The saved model is the one after epoch {kept}"
    if kept == best.best_epoch:
        within = "the last one whose accuracy is within one standard error, or one sample, of the best"
        if best.goal.watched != PLAIN.first:  # an accuracy alone has a known error
            within = f"the best one by {best.goal.watched.name}"
        caption += f": {within if best.kept else 'the best one'}."  # earlier versions noted none, and kept the best
    else:
        caption += f", the one in its checkpoint. Epoch {best.best_epoch} was to be kept."
    return Block(caption=caption, charts=({"data": traces, "layout": layout, "height": 380},))


def history_block(records: Sequence[TrialRecord]) -> Block:
    """The score of each trial's kept epoch, and the best so far."""
    traces: list[Trace] = []
    for word, colour in STATE_COLOURS.items():
        found = scored_trials(records, word)
        if found:
            trace: Trace = {
                "type": "scatter",
                "mode": "markers",
                "name": f"{word} ({len(found)})",
                "marker": {"color": colour, "symbol": "circle" if word == "done" else "circle-open", "size": 8},
            }
            trace |= {"x": [r.number for r in found], "y": [r.score for r in found]}
            traces.append(trace | hover_texts(describe(r, f"{r.score_text()} in epoch {r.best_epoch}") for r in found))
    numbers, scores = best_so_far(records)
    line = _line_trace([*numbers, records[-1].number], [*scores, scores[-1]], "best so far", BLUE)
    line |= {"mode": "lines", "line": {"color": BLUE, "shape": "hv"}, "hoverinfo": "skip"}
    layout = _layout("trial", f"{records[0].goal.first.name} of the kept epoch")
    layout["xaxis"] = _integer_axis("trial", 0, records[-1].number)
    return Block(
        caption=f"The score of the epoch that each trial keeps{unscored_note(records)}. {SHORTER}",
        charts=({"data": [line, *traces], "layout": layout, "height": 400},),
    )


def learning_block(
    records: Sequence[TrialRecord], best: TrialRecord, scheduler: Scheduler, epochs: int, account: str = ""
) -> Block:
    """The score of all trials after each epoch. The trials of a state are one trace, with gaps between them.

    `account` is what the scheduler decided for the search as a whole.
    """
    traces: list[Trace] = []
    for word, colour in STATE_COLOURS.items():
        found = scored_trials(records, word)
        if found:
            traces.append(_score_trace(found, f"{word} ({len(found)})", colour, 1.0))
    traces.append(_score_trace([best], f"trial {best.number}, the best", BLUE, 2.5))
    layout = _layout("epoch", best.goal.watched.name)
    layout["xaxis"] = _integer_axis("epoch", 1, epochs)
    rungs = scheduler.rungs()
    layout["shapes"] = [_vertical_line(rung, "", "dot") for rung in rungs]
    layout["annotations"] = [_label_above(rung, f"rung {rung}", "") for rung in rungs]
    caption = f"The score of every trial after each epoch. After each rung (dotted line) {scheduler.rule}."
    if account:
        caption += f" {account[0].upper()}{account[1:]}."
    return Block(
        caption=caption if rungs else "The score of every trial after each epoch.",
        charts=({"data": traces, "layout": layout, "height": 430},),
    )


def parallel_block(drawn: ParallelCoordinates) -> Block:
    """A line for each trial, through the values of its parameters to its score."""
    *others, best = drawn.lines
    shades = min(SHADES, len(others))
    traces = []
    for shade in range(shades):
        share = [line for rank, line in enumerate(others) if rank * shades // len(others) == shade]
        traces.append(
            _trials_trace(share, rank_colour((shade + 1) / shades), 1.3) | {"opacity": 0.4 + 0.6 * shade / SHADES}
        )
    traces.append(_trials_trace([best], RED, 2.8))
    layout = _layout("", "")
    layout["showlegend"] = False
    layout["hovermode"] = "closest"
    places = list(range(len(drawn.axes)))
    labels = [chart_text(axis.name) for axis in drawn.axes]
    layout["xaxis"] |= {"tickvals": places, "ticktext": labels, "range": [-0.1, len(places) - 0.55], "zeroline": False}
    layout["yaxis"] |= {"visible": False, "range": [NOT_USED - 0.05, 1.05]}
    layout["annotations"] = [
        {
            "x": x,
            "y": y,
            "text": chart_text(label),
            "xanchor": "left",
            "xshift": 6,
            "showarrow": False,
            "font": {"size": 11},
        }
        for x, axis in enumerate(drawn.axes)
        for y, label in axis.ticks
    ]
    caption = f"A line for each trial: the bluer, the better. Red is trial {best.record.number}, the best. {SHORTER}"
    chart = {"data": traces, "layout": layout, "height": 440, "least": 90 * len(places)}
    return Block(caption=caption, charts=(chart,))


def _score_trace(records: Sequence[TrialRecord], name: str, colour: str, width: float) -> Trace:
    x: list[int | None] = []
    y: list[float | None] = []
    hover: list[str] = []
    for record in records:
        x += [*record.values, None]
        y += [*record.values.values(), None]
        metric = record.goal.watched.name
        hover += [describe(record, f"epoch {epoch}: {metric} {value:.4f}") for epoch, value in record.values.items()]
        hover.append("")
    line = {"color": colour, "width": width}
    marker = {"size": 3 + 2 * width}
    return {"type": "scatter", "mode": "lines+markers", "name": name, "line": line, "marker": marker} | {
        **{"x": x, "y": y},
        **hover_texts(hover),
    }


def _trials_trace(lines: Sequence[Line], colour: str, width: float) -> Trace:
    x: list[int | None] = []
    y: list[float | None] = []
    hover: list[str] = []
    for line in lines:
        x += [*range(len(line.places)), None]
        y += [*line.places, None]
        hover += [describe(line.record, line.record.score_text())] * len(line.places) + [""]
    style = {"color": colour, "width": width}
    trace = {"type": "scatter", "mode": "lines+markers", "x": x, "y": y, "line": style, "marker": {"size": 5}}
    return trace | hover_texts(hover)


def _line_trace(x: Sequence[float], y: Sequence[float], name: str, colour: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(x),
        "y": list(y),
        "name": name,
        "line": {"color": colour},
        "marker": {"size": 5},
    }


def hover_texts(texts: Iterable[str]) -> Trace:
    """What points say when the mouse is on them."""
    return {"text": list(texts), "hovertemplate": "%{text}<extra></extra>"}


def describe(record: TrialRecord, what: str) -> str:
    """A trial in a hover text: its number and state, `what`, and its parameters."""
    lines = [f"<b>trial {record.number}</b>, {record.word}", what]
    lines += [chart_text(f"{format_parameters({name: value})}") for name, value in record.parameters.items()]
    return "<br>".join(lines)


def _layout(x: str, y: str) -> dict[str, Any]:
    return {
        "margin": {"l": 60, "r": 20, "t": 44, "b": 50},
        "xaxis": {"title": {"text": x, "standoff": 10}},
        "yaxis": {"title": {"text": y}},
        "hovermode": "closest",
        "showlegend": bool(y),
    }


def _integer_axis(title: str, low: int, high: int) -> dict[str, Any]:
    """An axis of whole numbers."""
    margin = max(0.5, 0.03 * (high - low))
    ticks = {"tick0": 0, "dtick": max(1, round((high - low) / 10)), "zeroline": False}
    return {"title": {"text": title, "standoff": 10}, "range": [low - margin, high + margin], **ticks}


def _vertical_line(x: float, axis: str, dash: str) -> dict[str, Any]:
    place = {"x0": x, "x1": x, "xref": f"x{axis}", "y0": 0, "y1": 1, "yref": f"y{axis} domain"}
    return {"type": "line", "line": {"color": GREY, "width": 1.5, "dash": dash}, **place}


def _label_above(x: float, text: str, axis: str) -> dict[str, Any]:
    place = {"x": x, "xref": f"x{axis}", "y": 1, "yref": f"y{axis} domain", "yanchor": "bottom"}
    return {"text": text, "showarrow": False, "font": {"size": 11}, **place}
