"""A row as a file has it, and the table that rows become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from tuner.core.errors import quoted
from tuner.core.units import counted

LINE = "line"  # the name of the index of rows that come from a file


class Record(NamedTuple):
    """A row as it stands in the file."""

    line: int
    cells: list[str]
    broken: str = ""
    """Why its cells cannot be told apart."""
    padded: tuple[int, ...] = ()
    """The places of cells that had spaces around them."""

    @classmethod
    def of(cls, line: int, texts: list[str]) -> Record:
        """A row of cells without the spaces around them."""
        cells = [text.strip() for text in texts]
        if cells == texts:
            return cls(line, cells)
        return cls(line, cells, "", tuple([place for place, cell in enumerate(cells) if cell and cell != texts[place]]))

    def without_first(self) -> Record:
        """The row without its first cell."""
        return self._replace(cells=self.cells[1:], padded=tuple(place - 1 for place in self.padded if place))


class BadRow(NamedTuple):
    """A row that is no part of the frame, since its cells cannot be told apart."""

    line: int | str
    """As the index of the frame has it."""
    reason: str

    def __str__(self) -> str:
        """`line 7: 3 cells instead of the 2 of the header`."""
        return f"line {self.line}: {self.reason}"


class Padded(NamedTuple):
    """Cells of a column that had spaces around them, beyond those of the layout."""

    cells: int
    example: str
    """The first one, without them."""
    line: int | str
    """Of the first one."""


class Table(NamedTuple):
    """The rows of a file, and what the reader has to say about them."""

    frame: pd.DataFrame
    """Every cell is a string as it stands in the file, without spaces around it; a missing one is empty. The index,
    named `line`, is the line where a row starts; of several files it is a text such as `3 of b.csv`."""
    notes: tuple[str, ...]
    """A line for each thing that was guessed, changed or left out."""
    bad: tuple[BadRow, ...]
    """The rows that could not be read. Training refuses a table that has any, predictions name them."""
    padded: Mapping[str, Padded]
    """The columns with cells that had spaces around them."""

    def padding_notes(self, column: str) -> list[str]:
        """A note on the spaces that were left out around a column's cells, where there were some."""
        found = self.padded.get(column)
        if found is None:
            return []
        first = f"the first in line {found.line}: {quoted(found.example)}"
        return [f"{counted(found.cells, 'row')} with spaces around the '{column}', which are left out, {first}"]
