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
from tuner.training.prediction import Prediction

GAP = 4  # spaces between columns
TO_THE_RIGHT = ("probability",)
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
        if columns != self._columns:
            rows.insert(0, {column: column for column in columns})
        self._columns = columns
        for column in columns:
            self._widths[column] = max(self._widths.get(column, 0), *(cell_len(row[column]) for row in rows))
        if sum(self._widths[column] for column in columns) + GAP * len(columns) <= self._out.width:
            self._print(rows)
        else:
            self._print_folded(rows)

    def end(self) -> None:
        """Nothing follows the last batch."""

    def _print(self, rows: Sequence[dict[str, str]]) -> None:
        lines = (
            "".join(_padded(row[column], self._widths[column], column) for column in self._columns) for row in rows
        )
        self._out.print("\n".join(line.rstrip() for line in lines), markup=False, soft_wrap=True)

    def _print_folded(self, rows: Sequence[dict[str, str]]) -> None:
        """In a terminal that is too narrow. For many rows, rich takes long."""
        table = Table(box=None, pad_edge=False, padding=(0, GAP // 2), show_header=False)
        for column in self._columns:
            table.add_column(justify="right" if column in TO_THE_RIGHT else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(row[column]) for column in self._columns))
        self._out.print(table)


def _padded(text: str, width: int, column: str) -> str:
    space = " " * (width - cell_len(text))
    return f"{space}{text}" + " " * GAP if column in TO_THE_RIGHT else f"{text}{space}" + " " * GAP


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
