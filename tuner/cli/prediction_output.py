"""How predictions are printed, batch by batch: a table for people, a list for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import indent

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner.core.errors import printable
from tuner.core.finite import finite
from tuner.core.units import number_text
from tuner.training.prediction import NumberPrediction, Prediction

GAP = 4  # spaces between columns
NEXT = 2  # classes that are shown after the most probable one


class _Rows:
    """A line for each sample, its cells below each other."""

    def __init__(self, out: Console, to_the_right: Sequence[str]) -> None:
        """`to_the_right` are the columns of numbers."""
        self._out = out
        self._right = to_the_right
        self.columns: tuple[str, ...] = ()
        self._widths: dict[str, int] = {}

    def print(self, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
        """The names of the columns come with the first batch; those of later ones are at least as wide."""
        if columns != self.columns:
            rows.insert(0, {column: column for column in columns})
        self.columns = columns
        for column in columns:
            self._widths[column] = max(self._widths.get(column, 0), *(cell_len(row[column]) for row in rows))
        if sum(self._widths[column] for column in columns) + GAP * len(columns) <= self._out.width:
            lines = ("".join(self._padded(row[column], column) for column in columns) for row in rows)
            self._out.print("\n".join(line.rstrip() for line in lines), markup=False, soft_wrap=True)
        else:
            self._print_folded(rows)

    def _print_folded(self, rows: Sequence[dict[str, str]]) -> None:
        """In a terminal that is too narrow. For many rows, rich takes long."""
        table = Table(box=None, pad_edge=False, padding=(0, GAP // 2), show_header=False)
        for column in self.columns:
            table.add_column(justify="right" if column in self._right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(row[column]) for column in self.columns))
        self._out.print(table)

    def _padded(self, text: str, column: str) -> str:
        space = " " * (self._widths[column] - cell_len(text))
        return f"{space}{text}" + " " * GAP if column in self._right else f"{text}{space}" + " " * GAP


class TableOutput:
    """A line for each sample: its class, and the next ones with their probabilities."""

    def __init__(self, out: Console) -> None:
        self._rows = _Rows(out, ("probability",))

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Prints a batch."""
        rows = [_cells(each) for each in predictions]
        known = "true class" in self._rows.columns or any(row["true class"] for row in rows)
        self._rows.print(("sample", "class", *(("true class",) if known else ()), "probability", "then"), rows)

    def end(self) -> None:
        """Nothing follows the last batch."""


class NumberOutput:
    """A line for each row: its number, in the unit of the target."""

    def __init__(self, out: Console) -> None:
        self._rows: _Rows | None = None
        self._out = out
        self._known = False

    def add(self, predictions: Sequence[NumberPrediction]) -> None:
        """Prints a batch, which is not empty."""
        unit = f" ({predictions[0].unit})" if predictions[0].unit else ""
        name = f"{printable(predictions[0].target)}{unit}"
        true = f"true {name}"
        self._rows = self._rows or _Rows(self._out, (name, true))
        self._known = self._known or any(each.truth is not None for each in predictions)
        rows = [
            {
                "sample": printable(each.sample),
                name: number_text(each.number),
                true: "" if each.truth is None else number_text(each.truth),
            }
            for each in predictions
        ]
        self._rows.print(("sample", name, *((true,) if self._known else ())), rows)

    def end(self) -> None:
        """Nothing follows the last batch."""


def _cells(prediction: Prediction) -> dict[str, str]:
    name, probability = prediction.best
    others = list(prediction.probabilities.items())[1 : 1 + NEXT]
    return {
        "sample": printable(prediction.sample),
        "class": name,
        "true class": prediction.truth or "",
        "probability": f"{probability:.1%}",
        "then": ", ".join(f"{other} {share:.1%}" for other, share in others),
    }


class JsonOutput:
    """A list with an object for each sample."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._begun = False

    def add(self, predictions: Sequence[Prediction] | Sequence[NumberPrediction]) -> None:
        """Prints a batch. All is ASCII, since the name of a file may be no UTF-8."""
        for prediction in predictions:
            text = indent(json.dumps(finite(prediction.to_json()), indent=2, ensure_ascii=True, allow_nan=False), "  ")
            self._print(f",\n{text}" if self._begun else f"[\n{text}")
            self._begun = True

    def end(self) -> None:
        """Closes the list."""
        self._print("\n]\n")

    def _print(self, text: str) -> None:
        self._out.print(text, end="", markup=False, soft_wrap=True)
