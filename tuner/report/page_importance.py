"""Interactive charts of the parameters: how much each matters, against noise, and the score over its values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuner.core.units import counted
from tuner.report.colours import BLUE, GREY, STATE_COLOURS
from tuner.report.page import Block, Chart, chart_text
from tuner.report.page_search import Trace
from tuner.report.slices import Slice
from tuner.search.importance import Importance

TIED = " They all had the same {} then, so a parameter that matters here need not matter for it."
EARLY = "Scores this early stand for how fast a trial learns rather than for how good it is in the end."


def importance_block(found: Importance) -> Block:
    """What each parameter explains, on a band of what noise would."""
    parameters = found.parameters[::-1]  # plotly draws from the bottom up
    names = [chart_text(each.name) for each in parameters]
    band: Trace = {"type": "bar", "orientation": "h", "name": "what noise would give", "y": names, "width": 0.54}
    band |= {"x": [each.noise for each in parameters], "meta": "band"}
    band |= {"hovertemplate": "%{y}: noise explains up to %{x:.0%}<extra></extra>"}
    bars: Trace = {"type": "bar", "orientation": "h", "name": "this sweep", "y": names, "width": 0.28}
    bars |= {"x": [each.share for each in parameters], "hovertemplate": "%{y}: %{x:.0%}<extra></extra>"}
    bars |= {"marker": {"color": [BLUE if each.clear else GREY for each in parameters]}, "showlegend": False}
    bars["error_x"] = {
        "type": "data",
        "symmetric": False,
        "array": [min(each.error, 1 - each.share) for each in parameters],
        "arrayminus": [min(each.error, each.share) for each in parameters],
        "thickness": 1.2,
        "width": 3,
        "color": GREY,
    }
    labels = [
        {
            "x": 0,
            "y": index,
            "xanchor": "left",
            "yanchor": "bottom",
            "yshift": 16,
            "showarrow": False,
            "font": {"size": 11},
            "text": chart_text(f"{each.name}: {each.share:.0%}, {each.direction or 'too few trials to say'}"),
        }
        for index, each in enumerate(parameters)
    ]
    layout = {
        "margin": {"l": 10, "r": 20, "t": 44, "b": 50},
        "barmode": "overlay",
        "xaxis": {
            "title": {"text": "share of the trials' order", "standoff": 10},
            "tickformat": ".0%",
            "range": [0, 1],
        },
        "yaxis": {"visible": False, "range": [-0.6, len(names) - 0.2]},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "showlegend": True,
        "annotations": labels,
    }
    return Block(
        caption=_caption(found), charts=({"data": [band, bars], "layout": layout, "height": 120 + 58 * len(names)},)
    )


def slices_block(slices: Sequence[Slice], epoch: int, early: bool) -> Block:
    """A chart for each parameter: the score of the trials over its values."""
    caption = (
        f"The score of every trial that reached epoch {epoch}, after that epoch, over the values of each parameter."
    )
    words = dict.fromkeys(
        word for word in STATE_COLOURS for each in slices for point in each.points if point.word == word
    )
    charts = tuple(_slice_chart(each) for each in slices)
    legend = f" Colours: {', '.join(f'{_COLOUR_NAMES[word]} is {word}' for word in words)}."
    return Block(caption=f"{caption}{' ' + EARLY if early else ''}{legend}", charts=charts, grid=True)


_COLOUR_NAMES = {"done": "green", "running": "orange", "waiting": "yellow", "pruned": "grey", "failed": "red"}


def _slice_chart(each: Slice) -> Chart:
    traces = []
    name = each.points[0].record.goal.first.name
    for word, colour in STATE_COLOURS.items():
        points = [point for point in each.points if point.word == word]
        if points:
            values = [chart_text(str(point.value)) if each.choices else point.value for point in points]
            trace: Trace = {"type": "scatter", "mode": "markers", "name": word, "x": values}
            trace |= {"y": [point.score for point in points], "marker": {"color": colour, "size": 7, "opacity": 0.8}}
            trace |= {"text": [str(point.record.number) for point in points]}
            trace["hovertemplate"] = f"<b>trial %{{text}}</b>, {word}<br>%{{x}}<br>{name} %{{y:.4f}}<extra></extra>"
            traces.append(trace)
    axis: Trace = {"title": {"text": chart_text(each.name), "standoff": 6}, "automargin": True}
    if each.choices:
        axis |= {"type": "category", "categoryorder": "array"}
        axis |= {"categoryarray": [chart_text(str(choice)) for choice in each.choices]}
        axis["range"] = [-0.5, len(each.choices) - 0.5]
    else:
        marks = [number for number, _ in each.ticks]
        axis |= {"tickvals": marks, "ticktext": [label for _, label in each.ticks]}
        low, high = (math.log10(end) if each.log else end for end in (marks[0], marks[-1]))
        margin = 0.04 * (high - low)
        axis |= {"type": "log" if each.log else "linear", "range": [low - margin, high + margin], "zeroline": False}
    layout = {
        "margin": {"l": 56, "r": 10, "t": 30, "b": 44},
        "xaxis": axis,
        "yaxis": {"title": {"text": name}},
        "hovermode": "closest",
        "showlegend": False,
    }
    return {"data": traces, "layout": layout, "height": 260}


def _caption(found: Importance) -> str:
    """How to read the bars."""
    unknown = [f"{name} ({counted(count, 'trial')})" for name, count in found.unknown.items()]
    left_out = f" Too few trials to say anything: {', '.join(unknown)}." if unknown else ""
    order = f"the order of the {counted(found.trials, 'trial')} by {found.by} after epoch {found.epoch}"
    return (
        f"How much each parameter alone explains of {order}, which all of them reached."
        f"{'' if found.by == found.score else TIED.format(found.score)} The grey band is what noise would give: the "
        "same with the scores shuffled. A bar within it says nothing. The thin line is a bar's standard error, over "
        "the trials."
        f"{' ' + EARLY if found.early else ''}{left_out}"
    )
