"""The figure of `tuner compare`: for each dataset, accuracy against the FLOPs of a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from tuner.core.finished_sweep import FinishedSweep
from tuner.core.units import format_number
from tuner.report.figures import BLUE, GREY, figure_text, new_figure, style_axes

COLUMNS = 3


# Where a name may stand relative to its point: beside it, or farther away with a line to it. In font points.
_NEAR = ((9, 0), (-9, 0), (0, 11), (0, -11))
_FAR = tuple((x, y) for y in (9, -9, 20, -20, 32, -32, 44, -44) for x in (12, -12, 24, -24))
_PLACES = (*_NEAR, *_FAR)
_ALIGN = {1: "left", 0: "center", -1: "right"}


def draw_comparison(sweeps: Sequence[FinishedSweep]) -> Figure:
    """A panel for each dataset, in the order of the sweeps: one point a model, its area by its parameters.

    A line through a point is the 95 % interval of the score.
    """
    groups = {data: list(group) for data, group in groupby(sweeps, key=lambda sweep: sweep.data)}
    columns = min(COLUMNS, len(groups))
    rows = -(-len(groups) // columns)
    figure = new_figure(2.6 + 3.6 * columns, 1.2 + 3.0 * rows)
    every = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
    for axes, (data, group) in zip(every, groups.items(), strict=False):
        _draw_panel(axes, data, group)
    for axes in every[len(groups) :]:
        axes.set_visible(False)
    figure.supxlabel("FLOPs of one forward pass of one sample; area of a point: number of parameters", fontsize=10)
    labels = dict.fromkeys(sweep.scores.kind.label for sweep in sweeps)
    figure.supylabel(f"test {' or '.join(labels)} and its 95 % interval", fontsize=10)
    figure.draw_without_rendering()  # so that positions are known when labels are placed
    for axes, group in zip(every, groups.values(), strict=False):
        _label(axes, group)
    return figure


def _draw_panel(axes: Axes, data: str, group: Sequence[FinishedSweep]) -> None:
    known = [sweep for sweep in group if sweep.flops]
    style_axes(axes).set_title(figure_text(data), loc="left", fontsize=10)
    axes.set_xscale("log")
    left, right = _spread([math.log10(sweep.flops or 1) for sweep in known])
    axes.set_xlim(left, right)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if right < 100 * left else (1,)) if known else NullLocator())
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.minorticks_off()
    scores = [end for sweep in group for end in sweep.scores.main_interval or (sweep.scores.main,)]
    room = max(0.25 * (max(scores) - min(scores)), 0.004)
    axes.set_ylim(min(scores) - room, max(scores) + room)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(labelsize=8)
    _draw_frontier(axes, known)
    for sweep in group:
        x, _ = _point(axes, sweep)
        if sweep.scores.main_interval:
            axes.plot([x, x], sweep.scores.main_interval, color=BLUE, linewidth=1, alpha=0.5)
        axes.scatter(*_point(axes, sweep), s=_area(sweep), color=BLUE if sweep.flops else "none", edgecolors=BLUE)


def _spread(exponents: Sequence[float]) -> tuple[float, float]:
    """Limits of a logarithmic axis around the points, with room for their labels."""
    low, high = (min(exponents), max(exponents)) if exponents else (6, 6)
    room = max(0.45, 0.35 * (high - low))
    return float(10 ** (low - room)), float(10 ** (high + room))


def _draw_frontier(axes: Axes, known: Sequence[FinishedSweep]) -> None:
    """Joins the models that no model with fewer FLOPs beats."""
    best: list[FinishedSweep] = []
    for sweep in sorted(known, key=lambda sweep: (sweep.flops or 0, -sweep.scores.main)):
        if not best or sweep.scores.main > best[-1].scores.main:
            best.append(sweep)
    axes.plot([sweep.flops or 1 for sweep in best], [s.scores.main for s in best], color=GREY, linestyle=":", zorder=0)


def _point(axes: Axes, sweep: FinishedSweep) -> tuple[float, float]:
    """Where a model is drawn: at the left edge if its FLOPs are not known."""
    left, right = axes.get_xlim()
    return sweep.flops or left * (right / left) ** 0.04, sweep.scores.main


def _area(sweep: FinishedSweep) -> float:
    """In square points: 20 for a thousand parameters and less, 70 more for each factor of ten above."""
    return 20 + 70 * max(0.0, math.log10((sweep.parameters or 1) / 1000))


def _label(axes: Axes, group: Sequence[FinishedSweep]) -> None:
    """Names each point, at the first place where the name overlaps nothing, or else where it overlaps least."""
    taken = [_disc(axes, sweep) for sweep in group]
    for sweep, disc in zip(group, list(taken), strict=True):
        places = [_annotate(axes, sweep, place, disc.width / 2) for place in _PLACES]
        boxes = [place.get_window_extent() for place in places]
        costs = [_overlap(box, [other for other in taken if other is not disc], axes.bbox) for box in boxes]
        chosen = costs.index(min(costs))
        taken.append(boxes[chosen])
        if chosen >= len(_NEAR):
            _lead(axes, sweep, places[chosen])
        for place in places[:chosen] + places[chosen + 1 :]:
            place.remove()


def _annotate(axes: Axes, sweep: FinishedSweep, place: tuple[int, int], radius: float) -> Annotation:
    x, y = place
    side = (x > 0) - (x < 0)
    push = radius * 72 / axes.figure.dpi - 5  # a large point pushes its name away
    size = f", {format_number(sweep.parameters)}" if sweep.parameters else ""
    name = (
        f"{figure_text(sweep.model, 20)}{size}" if sweep.flops else f"{figure_text(sweep.model, 20)} (FLOPs not known)"
    )
    label = axes.annotate(
        name,
        _point(axes, sweep),
        (x + side * push, y + ((y > 0) - (y < 0)) * push),
        textcoords="offset points",
        ha=_ALIGN[side],
        va="center",
        fontsize=8,
    )
    label.set_in_layout(False)
    return label


def _lead(axes: Axes, sweep: FinishedSweep, label: Annotation) -> None:
    """A thin line from a point to its name."""
    line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", _point(axes, sweep), label.xyann, textcoords="offset points", arrowprops=line, zorder=0)


def _disc(axes: Axes, sweep: FinishedSweep) -> Bbox:
    """The square around a point, in pixels."""
    radius = math.sqrt(_area(sweep) / math.pi) * axes.figure.dpi / 72
    x, y = axes.transData.transform(_point(axes, sweep))
    return Bbox.from_extents(x - radius, y - radius, x + radius, y + radius)


def _overlap(box: Bbox, others: Sequence[Bbox], inside: Bbox) -> float:
    """Square pixels of the box that overlap others or are outside."""
    shared = [common for other in others if (common := Bbox.intersection(box, other)) is not None]
    visible = Bbox.intersection(box, inside)
    outside = box.width * box.height - (visible.width * visible.height if visible else 0)
    return float(sum(common.width * common.height for common in shared) + outside)
