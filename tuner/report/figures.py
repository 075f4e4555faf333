"""What all pictures share: their sheet, their colours, text that is drawn as it is, and writing them.

Figures are made without pyplot, so that nothing of matplotlib's global state is touched.
"""

from __future__ import annotations

import logging
from functools import cache, partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from tuner.core.files import write_atomic

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it speaks of its font cache when it is first used


DPI = 120


BLUE, RED, GREEN, YELLOW, GREY = "#4477aa", "#dd5566", "#228833", "#bb9911", "#8a909a"  # after Paul Tol's "bright"


STATES = {"COMPLETE": ("done", GREEN), "PRUNED": ("pruned", GREY), "FAIL": ("failed", RED), "RUNNING": ("on", YELLOW)}
"""The word and the colour of a trial's state."""


REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def sheet(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def bare(axes: Axes) -> Axes:
    """Without the frame's upper and right side, and with a light grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    return axes


def plain(text: str, most: int = 30) -> str:
    """A text as matplotlib draws it as it is: on one line, shortened, without formulas or unknown characters."""
    known = "".join(c if c.isprintable() and _drawable(ord(c)) else REPLACEMENT for c in " ".join(text.split()))
    return shorten(known, most).replace("$", r"\$")


def shorten(text: str, most: int) -> str:
    """At most so many characters, the last one an ellipsis if there were more."""
    return text if len(text) <= most else text[: most - 1] + "…"


def save(figure: Figure, path: Path) -> None:
    """Writes a PNG."""
    write_atomic(path, partial(figure.savefig, format="png", dpi=DPI, bbox_inches="tight"))


@cache
def _drawable(code: int) -> bool:
    """Whether the font has the character: matplotlib warns of every one that it has not."""
    return bool(get_font(findfont(FontProperties())).get_char_index(code))
