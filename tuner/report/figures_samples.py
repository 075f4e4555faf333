"""Figures of samples of the test split, with the winner's predictions."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from tuner.report.figures import GREEN, GREY, RED, figure_text, new_figure
from tuner.report.findings import WinningModel
from tuner.report.samples import Sample, group_samples, samples, table_columns, to_pixels, weighted_words

ACROSS = 8  # images in a row
TEXTS, LINES, LINE = 5, 4, 110  # texts of each kind, lines of each at most, characters of a line
FEATURES = 7  # columns of a table that fit side by side
HIGHLIGHT = "#ff9f1c"


def draw_samples(winner: WinningModel) -> Figure:
    """Images in a grid, sentences with the words that the model attends to, or rows of a table."""
    draw = {"image": _draw_images, "text": _draw_texts, "tabular": _draw_rows}[winner.spec.task]
    return draw(winner, samples(winner))


def _draw_images(winner: WinningModel, shown: list[Sample]) -> Figure:
    groups = group_samples(shown)
    rows = [-(-len(group) // ACROSS) for _, group in groups]
    figure = new_figure(1.45 * ACROSS, sum(1.85 * count + 0.35 for count in rows))
    parts = figure.subfigures(len(groups), 1, height_ratios=[1.85 * count + 0.35 for count in rows], squeeze=False)
    for part, (heading, group), count in zip(parts[:, 0], groups, rows, strict=True):
        part.suptitle(f"{heading}: truth → prediction", fontsize=11, x=0.01, ha="left")
        cells = part.subplots(count, ACROSS, squeeze=False).ravel()
        for axes in cells:
            axes.set_axis_off()
        for axes, sample in zip(cells, group, strict=False):  # the last row may not be full
            image = to_pixels(winner.spec, winner.predictions.inputs[sample.position])
            axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_title(_caption(sample), fontsize=8, color=_verdict_colour(sample))
    return figure


def _draw_texts(winner: WinningModel, shown: list[Sample]) -> Figure:
    blocks: list[tuple[str, str, list[list[tuple[str, float]]]]] = []  # heading, colour, lines of weighted words
    for heading, group in group_samples(shown):
        for sample in group[:TEXTS]:
            title = f"{heading}, number {sample.index}: {_verdict(sample)}"
            blocks.append((title, _verdict_colour(sample), _lines(weighted_words(winner, sample.position))))
    height = sum(len(lines) + 2 for _, _, lines in blocks)
    figure = Figure(figsize=(8.15, 0.19 * height + 0.2))  # as wide as LINE characters of the font below
    axes = figure.add_axes((0.02, 0.01, 0.96, 0.98), xlim=(0, LINE + 1), ylim=(height, 0))
    axes.set_axis_off()
    row = 0
    for title, colour, lines in blocks:
        axes.text(0, row + 0.5, title, fontsize=9, color=colour, va="center", weight="bold")
        for offset, line in enumerate(lines, start=1):
            _draw_line(axes, row + offset, line)
        row += len(lines) + 2
    return figure


def _draw_rows(winner: WinningModel, shown: list[Sample]) -> Figure:
    names, values = table_columns(winner)
    header = ["", "truth", "predicted", *(figure_text(name, 14) for name in names[:FEATURES])]
    cells = [_table_row(sample, values[sample.position]) for sample in shown]
    figure = new_figure(1.25 * len(header) + 0.4, 0.9 + 0.27 * len(cells))
    axes = figure.subplots()
    axes.set_axis_off()
    table = axes.table(cells, colLabels=header, loc="center", cellLoc="right", edges="horizontal", bbox=Bbox.unit())
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    for cell in table.get_celld().values():
        cell.set(linewidth=0.4, edgecolor=GREY)
    for row, sample in enumerate(shown, start=1):
        table[row, 2].get_text().set_color(_verdict_colour(sample))
    more = f"; {len(names) - FEATURES} more columns are on the page" if len(names) > FEATURES else ""
    axes.set_title(f"samples of the test set{more}", fontsize=11)
    return figure


def _table_row(sample: Sample, values: Sequence[str]) -> list[str]:
    kind = "mistake" if sample.confident_mistake else "random"
    predicted = f"{figure_text(sample.predicted, 12)} {_sure(sample)}".strip()
    return [
        f"{kind} {sample.index}",
        figure_text(sample.truth, 14),
        predicted,
        *(figure_text(v, 14) for v in values[:FEATURES]),
    ]


def _lines(words: list[tuple[str, float]]) -> list[list[tuple[str, float]]]:
    """The words in lines of LINE characters, at most LINES of them: those with the greatest sum of weights."""
    lines: list[list[tuple[str, float]]] = [[]]
    used = 0
    for word, weight in words:
        shown = figure_text(word, LINE)
        if used + len(shown) > LINE:
            lines.append([])
            used = 0
        lines[-1].append((shown, weight))
        used += len(shown) + 1
    weights = [sum(weight for _, weight in line) for line in lines]
    starts = range(max(1, len(lines) - LINES + 1))
    start = max(starts, key=lambda first: (sum(weights[first : first + LINES]), -first))
    return lines[start : start + LINES]


def _draw_line(axes: Axes, row: int, line: list[tuple[str, float]]) -> None:
    """In a monospaced font, so that the position of each character is known."""
    column = 0
    for word, weight in line:
        width = len(word.replace(r"\$", "$"))
        if weight > 0:
            box = Rectangle((column - 0.3, row + 0.05), width + 0.6, 0.9, color=HIGHLIGHT, alpha=0.85 * weight, lw=0)
            axes.add_patch(box)
        axes.text(column, row + 0.5, word, family="DejaVu Sans Mono", fontsize=8.4, va="center")
        column += width + 1


def _caption(sample: Sample) -> str:
    """Two short lines, to stand above an image."""
    if sample.right:
        return f"{figure_text(sample.truth, 17)}\n{_sure(sample)}"
    return f"{figure_text(sample.truth, 17)}\n→ {figure_text(sample.predicted, 11)} {_sure(sample)}"


def _sure(sample: Sample) -> str:
    return "" if sample.probability is None else f"{sample.probability:.0%}"


def _verdict(sample: Sample) -> str:
    predicted = f"predicted {figure_text(sample.predicted)} with {_sure(sample)}"
    return f"true {figure_text(sample.truth)}, {predicted}"


def _verdict_colour(sample: Sample) -> str:
    return GREEN if sample.right else RED
