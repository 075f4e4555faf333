"""The page of `tuner compare PAIR`: the sweeps of one pair side by side, and how each came to its best score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from tuner.core.records import TrialRecord
from tuner.report.figures_models import colour_of
from tuner.report.page import Block, Chart, Section, chart_text, render_page, render_table
from tuner.report.page_heading import footer

Rows = Mapping[str, Sequence[tuple[str, Sequence[str]]]]


def side_by_side_page(
    pair: str, searches: Mapping[str, Sequence[TrialRecord]], groups: Rows, notes: Sequence[str]
) -> str:
    """The whole page.

    Args:
        pair: of the sweeps.
        searches: the trials of each sweep, by its name.
        groups: by the title of a table, its rows: a heading and a cell for each sweep.
        notes: what keeps their scores from being compared.
    """
    names = list(searches)
    tables = [
        Section(
            key=f"table-{n}",
            title=_title(title),
            block=Block(html=render_table(["", *names], _cells(rows), kind="side")),
        )
        for n, (title, rows) in enumerate(groups.items())
        if rows
    ]
    chart = Section(
        key="progress",
        title="The best score as the searches went on",
        block=Block(
            caption="After how many epochs of training, of all trials together, a search had which best score. "
            "The scores are those that decided in each sweep; what is said above of comparing them holds here, too.",
            charts=(_chart(searches),),
        ),
    )
    lines = Markup("").join(Markup("<p class='note'>{}</p>").format(escape(f"{_title(note)}.")) for note in notes)
    heading = Markup("<h1>{}</h1><p>{} sweeps of one pair, side by side.</p>{}").format(pair, len(names), lines)
    return render_page(
        title=f"{pair}: {len(names)} sweeps", heading=heading, sections=[*tables, chart], footer=footer()
    )


def _title(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _cells(rows: Sequence[tuple[str, Sequence[str]]]) -> list[list[str]]:
    return [[name, *cells] for name, cells in rows]


def _chart(searches: Mapping[str, Sequence[TrialRecord]]) -> Chart:
    traces = []
    for place, (name, records) in enumerate(searches.items()):
        curve = _progress(records)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": chart_text(name),
                "x": [done for done, _ in curve],
                "y": [score for _, score in curve],
                "marker": {"size": 5},
                "line": {"shape": "hv", "color": colour_of(place)},
            }
        )
    first = next((records[0].goal.watched.name for records in searches.values() if records), "score")
    layout = {
        "margin": {"l": 60, "r": 10, "t": 30, "b": 50},
        "xaxis": {"title": {"text": "epochs of the whole search", "standoff": 10}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": chart_text(f"best {first} so far")}},
        "showlegend": True,
        "hovermode": "closest",
    }
    return {"data": traces, "layout": layout, "height": 360}


def _progress(records: Sequence[TrialRecord]) -> list[tuple[int, float]]:
    """The best score so far whenever it rose, each with the epochs that the search had trained by then."""
    able = [record for record in records if record.state != "FAIL"]
    told = sorted((r.metrics[epoch]["time"], r.number, r.values[epoch]) for r in able for epoch in r.values)
    curve: list[tuple[int, float]] = []
    for done, (_, _, score) in enumerate(told, 1):
        gain = able[0].goal.watched.gain
        if not curve or gain(score) > gain(curve[-1][1]):
            curve.append((done, score))
    return [*curve, (len(told), curve[-1][1])] if curve else []
