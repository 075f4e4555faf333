"""The Pareto front of a sweep with two objectives, as an interactive chart."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.core.records import TrialRecord
from tuner.report.colours import BLUE, GREY
from tuner.report.front_series import FrontSeries
from tuner.report.page import Block
from tuner.report.page_search import Trace, describe, hover_texts


def front_block(drawn: FrontSeries) -> Block:
    """All trials over both objectives."""
    traces: list[Trace] = []
    for label, points in drawn.others.items():
        symbol = "circle" if label == FrontSeries.DOMINATED else "circle-open"
        trace = _trace(drawn, points, f"{label} ({len(points)})")
        traces.append(trace | {"mode": "markers", "marker": {"color": GREY, "size": 7, "symbol": symbol}})
    front = _trace(drawn, drawn.front, f"the Pareto front ({len(drawn.front)})")
    front |= {"mode": "lines+markers", "line": {"color": BLUE, "width": 1}, "marker": {"color": BLUE, "size": 9}}
    layout = {
        "margin": {"l": 60, "r": 20, "t": 44, "b": 50},
        "xaxis": {"title": {"text": drawn.labels[0], "standoff": 10}},
        "yaxis": {"title": {"text": drawn.labels[1]}},
        "hovermode": "closest",
        "annotations": [_number(drawn, record) for record in drawn.front],
    }
    first = drawn.front[0].goal.first.name
    caption = (
        "Of the trials of the Pareto front, each is better than every other complete trial in one objective at least. "
        f"Trial {drawn.front[0].number} is the winner: of these it has the best {first}."
    )
    return Block(caption=caption, charts=({"data": [*traces, front], "layout": layout, "height": 430},))


def _trace(drawn: FrontSeries, records: Sequence[TrialRecord], name: str) -> Trace:
    x, y = zip(*(drawn.place(record) for record in records), strict=True)
    texts = (describe(record, f"{record.score_text()} in epoch {record.best_epoch}") for record in records)
    return {"type": "scatter", "name": name, "x": list(x), "y": list(y), **hover_texts(texts)}


def _number(drawn: FrontSeries, record: TrialRecord) -> Trace:
    x, y = drawn.place(record)
    return {"x": x, "y": y, "text": str(record.number), "showarrow": False, "yshift": 12, "font": {"size": 11}}
