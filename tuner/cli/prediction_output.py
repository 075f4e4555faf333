"""How predictions are printed, batch by batch: a table for people, a list for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import indent

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner.core.errors import printable
from tuner.training.prediction import Prediction

NEXT = 2  # classes that are shown after the most probable one


class TableOutput:
    """A line for each sample: its class, and the next ones with their probabilities."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._columns: tuple[str, ...] = ()
        self._widths: dict[str, int] = {}

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Prints a batch. The names of the columns come with the first one; later ones are at least as wide."""
        rows = [_cells(prediction) for prediction in predictions]
        known = "true class" in self._columns or any(prediction.truth for prediction in predictions)
        columns = ("sample", "class", *(("true class",) if known else ()), "probability", "then")
        table = Table(box=None, pad_edge=False, padding=(0, 2), show_header=columns != self._columns)
        self._columns = columns
        for column in columns:
            width = max(len(column), self._widths.get(column, 0), *(row[column].cell_len for row in rows))
            self._widths[column] = width
            table.add_column(
                column,
                justify="right" if column == "probability" else "left",
                overflow="fold",
                min_width=min(width, self._out.width // len(columns)),
            )
        for row in rows:
            table.add_row(*(row[column] for column in columns))
        self._out.print(table)

    def end(self) -> None:
        """Nothing follows the last batch."""


def _cells(prediction: Prediction) -> dict[str, Text]:
    name, probability = prediction.best
    others = list(prediction.probabilities.items())[1 : 1 + NEXT]
    return {
        "sample": Text(printable(prediction.sample)),
        "class": Text(name),
        "true class": Text(prediction.truth or ""),
        "probability": Text(f"{probability:.1%}"),
        "then": Text(", ".join(f"{other} {share:.1%}" for other, share in others)),
    }


class JsonOutput:
    """A list with an object for each sample."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._begun = False

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Prints a batch. All is ASCII, since the name of a file may be no UTF-8."""
        for prediction in predictions:
            text = indent(json.dumps(prediction.to_json(), indent=2, ensure_ascii=True), "  ")
            self._print(f",\n{text}" if self._begun else f"[\n{text}")
            self._begun = True

    def end(self) -> None:
        """Closes the list."""
        self._print("\n]\n")

    def _print(self, text: str) -> None:
        self._out.print(text, end="", markup=False, soft_wrap=True)
