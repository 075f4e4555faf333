"""What a user is told about the reading of columns: what is guessed, changed, joined or dropped, with an example."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tuner.core.errors import quoted
from tuner.data.categories import differ_by_case
from tuner.data.cells import Cells
from tuner.data.column_values import ColumnTexts
from tuner.data.number_scales import split_scale
from tuner.data.number_text import (
    PLAIN,
    NumberStyle,
    StyleChoice,
    other_reading,
    parse_number,
    unit_of,
)

ALIKE = 5  # notes of one kind that are shown
EXAMPLES = 3  # texts that a note names
SENTINELS = {sign * (10**digits - 1) for sign in (1, -1) for digits in range(2, 6)}  # 99, -999 and the like


class ColumnNotes:
    """Collects notes, and shortens many of one kind: a table may have thousands of columns."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, list[str]] = defaultdict(list)

    def lines(self) -> tuple[str, ...]:
        """The notes by kind."""
        return tuple(line for lines in self._lines.values() for line in shorten(lines))

    def add(self, kind: str, name: str, line: str) -> None:
        """A note on a column, of one of the kinds of which only the first ones are shown."""
        self._lines[kind].append(f"column '{name}': {line}")

    def numbers(self, name: str, column: ColumnTexts, choice: StyleChoice) -> None:
        """How numbers are written, where it is not as Python writes them."""
        style, texts = choice.style, column.texts
        text, value = _first_changed(column, style)
        if value is None:
            return
        other = other_reading(text, style) if choice.ambiguous else None
        doubt = f", and not as {other:.15g}, which the column leaves open" if other not in (None, value) else ""
        self.add("doubt" if doubt else "style", name, f"{quoted(text)} is read as {value:.15g}{doubt}")
        if style.scaled:
            bare = [t for t in texts if split_scale(unit_of(t)).factor == 1 and parse_number(t, style) is not None]
            told = "are read as they stand, since others have a factor"
        else:
            bare = [t for t in texts if not unit_of(t) and parse_number(t, style) is not None] if style.unit else []
            told = f"are read as if they had '{style.unit}'"
        if bare:
            self.add("unit", name, f"{len(bare)} cells, such as {quoted(bare[0])}, {told}")

    def sentinel(self, name: str, numbers: NDArray[np.float64]) -> None:
        """A number that often stands for a missing value: it is far from the others, and there are several of it."""
        known = numbers[~np.isnan(numbers)]
        for value, others in ((known.min(), known[known > known.min()]), (known.max(), known[known < known.max()])):
            count = len(known) - len(others)
            apart = others.min() >= 0 if value < 0 else others.max() * 3 < value
            if value in SENTINELS and count > 1 and apart:
                doubt = (
                    f"{count} cells are {value:g}, far from the others: leave them empty if that means a missing value"
                )
                self.add("sentinel", name, doubt)

    def missing(self, name: str, cells: Cells, missing: NDArray[np.bool_]) -> None:
        """The words that were taken for missing values; empty cells need no note."""
        if not missing.any() or cells.dtype != object:
            return
        words = Counter(str(cell) for cell in cells[missing] if str(cell))
        if words:
            named = ", ".join(f"{quoted(word)} ({count})" for word, count in words.most_common(EXAMPLES))
            more = ", ..." if len(words) > EXAMPLES else ""
            self.add("missing", name, f"{words.total()} of {len(cells)} cells are taken as missing: {named}{more}")

    def categories(self, name: str, groups: Mapping[str, Sequence[str]], *, kept: int, known: int) -> None:
        """Spellings that are one category, those that are not but look alike, and categories that are dropped."""
        joined = next((spellings for spellings in groups.values() if len(spellings) > 1), None)
        if joined:
            self.add("joined", name, f"{_listed(joined)} are read as one category")
        alike = next(iter(differ_by_case(list(groups))), None)
        if alike:
            self.add("case", name, f"the categories {_listed(alike)} differ by case or spaces alone and are kept apart")
        if kept < known:
            self.add(
                "rare", name, f"of {known} categories the {kept} most frequent are kept, and the others are dropped"
            )


def _first_changed(column: ColumnTexts, style: NumberStyle) -> tuple[str, float | None]:
    """The first text that is a number in this style and none, or another, to Python; with the number."""
    changed = np.isnan(column.plain) if style == PLAIN else np.ones(len(column.texts), dtype=bool)
    for place in np.flatnonzero(changed):
        text = column.texts[place]
        value = parse_number(text, style)
        if value not in (None, column.plain[place]):
            return text, value
    return "", None


def shorten(lines: Sequence[str], most: int = ALIKE) -> list[str]:
    """The first lines, and how many more there are."""
    if len(lines) <= most + 1:
        return list(lines)
    return [
        *lines[:most],
        f"and {len(lines) - most} more columns like these: {lines[-1].split(':', 1)[0]}, for example",
    ]


def _listed(names: Sequence[str]) -> str:
    shown = [quoted(name) for name in names[:EXAMPLES]]
    if len(names) > EXAMPLES:
        return f"{', '.join(shown)} and {len(names) - EXAMPLES} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}"
