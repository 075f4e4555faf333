"""The section of a confirmation: the score of each seed, and their mean."""

from __future__ import annotations

from tuner.core.confirmation import Confirmation
from tuner.core.confirmation_text import confirmed_text, mean_test_text, own_text
from tuner.core.target_kind import CLASSES, NUMBERS
from tuner.report.colours import BLUE, RED
from tuner.report.figures_confirm import stacked
from tuner.report.findings import Confirmed
from tuner.report.page import Block, render_table


def confirmation_block(found: Confirmed) -> Block:
    """A strip of points, and a table with a row for each seed."""
    confirmation, spread = found.confirmation, found.spread
    heights = stacked(confirmation)
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": list(spread.values),
        "y": heights,
        "marker": {"color": BLUE, "size": 10, "opacity": 0.7},
        "text": [f"{name}: {value:.4f}" for name, value in zip(_names(confirmation), spread.values, strict=True)],
        "hovertemplate": "%{text}<extra></extra>",
    }
    shapes = [_line(spread.mean, BLUE, "solid"), _line(found.own, RED, "dash")]
    if spread.interval:
        band = {"type": "rect", "x0": spread.interval.low, "x1": spread.interval.high, "y0": 0, "y1": 1}
        shapes.append({**band, "yref": "paper", "fillcolor": BLUE, "opacity": 0.12, "line": {"width": 0}})
    layout = {
        "margin": {"l": 20, "r": 20, "t": 44, "b": 50},
        "xaxis": {"title": {"text": confirmation.metric, "standoff": 10}, "zeroline": False},
        "yaxis": {"visible": False, "range": [-1, max(heights) + 1]},
        "shapes": shapes,
        "annotations": [_label(spread.mean, "mean"), _label(found.own, f"trial {confirmation.trial}")],
        "showlegend": False,
        "hovermode": "closest",
    }
    chart = {"data": [points], "layout": layout, "height": 240}
    return Block(caption=_caption(found), charts=(chart,), html=render_table(*_table(found)))


def _caption(found: Confirmed) -> str:
    confirmation = found.confirmation
    lines = [f"The parameters of trial {confirmation.trial}, trained again: {confirmed_text(confirmation)}."]
    lines.append(f"{_sentence(own_text(confirmation, found.own, found.finalists))}.")
    if confirmation.test:
        kind = CLASSES if CLASSES.score in confirmation.test else NUMBERS
        lines.append(f"On the test set: {kind.label} {mean_test_text(confirmation, kind.score, found.threshold)}.")
    lines += [f"Not complete: {reason}." for reason in confirmation.failed]
    return " ".join(lines)


def _names(found: Confirmation) -> list[str]:
    """`seed 7`, or `fold 1`, of each training."""
    return [f"fold {place}" if found.folds else f"seed {seed}" for place, seed in enumerate(found.seeds, 1)]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _table(found: Confirmed) -> tuple[list[str], list[list[str]]]:
    confirmation = found.confirmation
    tested = {name: dict(zip(confirmation.tested_seeds, each.values, strict=True)) for name, each in found.tests}
    rows = [
        [name, f"{value:.4f}", *(f"{scores[seed]:.4f}" if seed in scores else "" for scores in tested.values())]
        for seed, name, value in zip(confirmation.seeds, _names(confirmation), found.spread.values, strict=True)
    ]
    return ["training", confirmation.metric, *(f"test {name}" for name in tested)], rows


def _line(x: float, colour: str, dash: str) -> dict[str, object]:
    place = {"x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", "line": {"color": colour, "width": 1.5, "dash": dash}, **place}


def _label(x: float, text: str) -> dict[str, object]:
    place = {"x": x, "y": 1, "yref": "paper", "yanchor": "bottom"}
    return {"text": text, "showarrow": False, "font": {"size": 11}, **place}
