"""A figure of how many samples each class of a dataset has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tuner.report.figures import figure_text, new_figure, save, style_axes

COLOURS = {"train": "#4477aa", "validation": "#ccbb44", "test": "#66ccee"}  # Paul Tol's "bright", safe for most eyes


def draw_classes(name: str, classes: Sequence[str], counts: Mapping[str, Sequence[int]], path: Path) -> None:
    """Writes a PNG with a bar for each class, divided by split.

    Args:
        name: the dataset's.
        classes: their names.
        counts: samples of each class, by split.
        path: of the file.
    """
    figure = new_figure(8, 1.2 + 0.28 * len(classes))
    axes = style_axes(figure.subplots())
    start = [0] * len(classes)
    for split, values in counts.items():
        axes.barh(range(len(classes)), values, left=start, color=COLOURS[split], label=split)
        start = [before + value for before, value in zip(start, values, strict=True)]
    axes.set_yticks(range(len(classes)), [figure_text(label) for label in classes])
    axes.invert_yaxis()
    axes.set_xlabel("samples")
    axes.set_title(figure_text(name), loc="left")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    save(figure, path)
