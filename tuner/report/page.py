"""The report as one self-contained HTML file: plotly.js is part of it, and it loads nothing from a network.

Whatever comes from data (names of classes, sentences) is escaped: in HTML by `html.escape`, in charts by `chart_text`,
and the charts' JSON has no `<` that could end its script.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

from plotly.offline import get_plotlyjs

Chart = dict[str, Any]
"""A plotly figure as `Plotly.newPlot` takes it: `data`, `layout`, and the `height` of its box in pixels."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a section of the page shows below its title."""

    caption: str = ""
    """Plain text."""
    charts: tuple[Chart, ...] = ()
    html: str = ""
    """Below the charts; already escaped."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page."""

    key: str
    """Its anchor."""
    title: str
    block: Block | None
    note: str = ""
    """Why the block is missing."""


def render(title: str, heading: str, sections: Sequence[Section], footer: str) -> str:
    """The page. `heading` is HTML; `title` and `footer` are plain text."""
    assets = files("tuner.report")
    charts: list[Chart] = []
    body = "\n".join(_section(section, charts) for section in sections)
    parts = {
        "TITLE": escape(title),
        "STYLE": (assets / "page.css").read_text(encoding="utf-8"),
        "HEADING": heading,
        "LINKS": " ".join(f'<a href="#{section.key}">{escape(section.title)}</a>' for section in sections),
        "SECTIONS": body,
        "FOOTER": escape(footer),
        "CHARTS": json.dumps(_finite(charts), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"),
        "PLOTLY": get_plotlyjs(),
        "SCRIPT": (assets / "page.js").read_text(encoding="utf-8"),
    }
    template = (assets / "page.html").read_text(encoding="utf-8")
    return "".join(parts[piece[1:-1]] if piece.startswith("{") else piece for piece in _split(template))


def chart_text(text: str) -> str:
    """Makes a text safe for plotly, which takes some tags, such as links, for markup."""
    return escape(text, quote=False)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """An HTML table of plain texts; the first column is a heading."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        f"<tr><th>{escape(first)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return f'<div class="wide"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def definitions(pairs: Mapping[str, str], kind: str = "") -> str:
    """A line of names with their values, both plain texts."""
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs.items())
    return f'<dl class="{kind}">{items}</dl>'


def _finite(value: Any) -> Any:
    """The same value with null, which plotly leaves out, for numbers that JSON does not have (NaN, infinity)."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def _section(section: Section, charts: list[Chart]) -> str:
    head = f'<section id="{section.key}"><h2>{escape(section.title)}</h2>'
    if section.block is None:
        return f'{head}<p class="note">Not shown: {escape(section.note)}.</p></section>'
    boxes = ""
    for chart in section.block.charts:
        boxes += f'<div class="chart" style="height:{chart["height"]}px"></div>'
        charts.append({"data": chart["data"], "layout": chart["layout"]})
    caption = f"<p>{escape(section.block.caption)}</p>" if section.block.caption else ""
    return f"{head}{caption}{boxes}{section.block.html}</section>"


def _split(template: str) -> list[str]:
    """The template in pieces; those in braces are placeholders."""
    pieces: list[str] = []
    for piece in template.split("{{"):
        name, closed, rest = piece.partition("}}")
        pieces += ["{" + name + "}", rest] if closed else [piece]
    return pieces
