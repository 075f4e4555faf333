"""Figures as they are saved, and what their legends say."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from tuner.report.figures import save


def drawn(figure: Figure, tmp_path: Path) -> Figure:
    """The figure after it was drawn: a character that the font has not, or a broken formula, is an error here."""
    save(figure, tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as image:
        assert image.format == "PNG"
        assert max(image.size) < 4000
    return figure


def labels(axes: Axes) -> list[str]:
    """What the legend names."""
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []
