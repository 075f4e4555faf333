"""The report as one self-contained HTML file: plotly.js is part of it, and it loads nothing from a network.

So it can be copied, sent, and opened from MLflow's artifacts. plotly.js is packed, since it is by far the largest part:
2 MB of 5. The page unpacks it in the browser.

All HTML is in `templates/`. jinja2 escapes whatever is filled in (names of classes, sentences), except `Markup`: what a
template has made, and the page's style and scripts. Texts in charts are escaped by `chart_text`, and the charts' JSON
has no `<` that could end its script.
"""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from tuner.core.finite import finite

TEMPLATES = Environment(
    loader=PackageLoader("tuner.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}


Chart = dict[str, Any]
"""A plotly figure as `Plotly.newPlot` takes it, `data` and `layout`; the `height` of its box; if need be, the `least`
width of that. Both in pixels."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a section of the page shows below its title."""

    caption: str = ""
    """Plain text."""
    charts: tuple[Chart, ...] = ()
    grid: bool = False
    """Whether charts stand side by side where the page is wide enough, in place of one below the other."""
    html: Markup = field(default_factory=Markup)
    """Below the charts."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page."""

    key: str
    """Its anchor."""
    title: str
    block: Block | None
    note: str = ""
    """Why the block is missing."""


def render_page(*, title: str, heading: Markup, sections: Sequence[Section], footer: str) -> str:
    """The page. `title` and `footer` are plain text."""
    blocks = [section.block for section in sections if section.block is not None]
    charts = [{"data": chart["data"], "layout": chart["layout"]} for block in blocks for chart in block.charts]
    return render_template(
        "page.html",
        title=title,
        style=_own_file("theme.css") + _own_file("page.css"),
        heading=heading,
        sections=sections,
        footer=footer,
        charts=finite(charts),
        plotly=packed_plotly(),
        script=_own_file("page.js"),
        trials=_own_file("trials.js"),
        theme=_own_file("chart_theme.js"),
    )


def packed_plotly() -> str:
    """The source of plotly.js: gzip, as base64."""
    return b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode()


def render_table(header: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> Markup:
    """A table of plain texts. The first column is a heading; `kind` is the table's class in `page.css`."""
    return render_template("table.html", header=header, rows=rows, kind=kind)


def render_template(name: str, **values: object) -> Markup:
    """Fills in a file of `templates/`. Raises jinja2.UndefinedError when it needs a value that is not given."""
    return Markup(TEMPLATES.get_template(name).render(values))


def chart_text(text: str) -> str:
    """Makes a text safe for plotly, which takes some tags, such as links, for markup."""
    return escape(text, quote=False)


def _own_file(name: str) -> Markup:
    return Markup((files("tuner.report") / "templates" / name).read_text(encoding="utf-8"))
