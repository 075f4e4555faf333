"""Shared by all figures: the empty figure, colours, text that is safe to draw, and writing a file.

Figures are made without pyplot, so that nothing of matplotlib's global state is touched.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from tuner.core.files import write_atomic
from tuner.core.shorten import shorten
from tuner.report.colours import BAND, BLUE, GREEN, GREY, ORANGE, RED, STATE_COLOURS, YELLOW

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it logs about its font cache on first use


__all__ = [
    "BAND",
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "RED",
    "STATE_COLOURS",
    "YELLOW",
    "figure_text",
    "new_figure",
    "save",
    "style_axes",
]
DPI = 120
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def style_axes(axes: Axes) -> Axes:
    """Removes the frame's upper and right side, and adds a light grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    return axes


def figure_text(text: str, most: int = 30) -> str:
    """Makes a text safe for matplotlib: one line, shortened, without formulas or characters that the font lacks."""
    known = "".join(c if c.isprintable() and _drawable(ord(c)) else REPLACEMENT for c in " ".join(text.split()))
    return shorten(known, most).replace("$", r"\$")


def save(figure: Figure, path: Path, texts: Mapping[str, str] | None = None) -> None:
    """Writes a PNG, which keeps `texts` by their names."""
    write_atomic(path, partial(figure.savefig, format="png", dpi=DPI, bbox_inches="tight", metadata=dict(texts or {})))


@cache
def _drawable(code: int) -> bool:
    """Whether the font has the character: matplotlib warns about every missing one."""
    return bool(get_font(findfont(FontProperties())).get_char_index(code))
