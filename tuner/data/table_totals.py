"""Rows at the end of a table that sum up the others, as spreadsheets have them: they are no samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuner.core.units import counted
from tuner.data.table_prints import to_number
from tuner.data.table_record import Record

MOST = 3  # rows at the end
FEWEST = 5  # rows above them
_ENGLISH = ["total", "totals", "grand total", "sum", "subtotal", "sub total", "average", "mean"]
_OTHERS = [
    "summe",
    "gesamt",
    "insgesamt",
    "mittelwert",
    "durchschnitt",
    "somme",
    "moyenne",
    "suma",
    "promedio",
    "totale",
]
_WORDS = frozenset([*_ENGLISH, *_OTHERS])


def without_totals(rows: list[Record], notes: list[str]) -> list[Record]:
    """Without rows such as `Total,1234,56`, which have a word for it, and a sum or mean of the numbers above.

    Args:
        rows: the header and the rows below it.
        notes: takes a line on what is left out.
    """
    end = len(rows)
    while end > max(FEWEST, len(rows) - MOST) and _word(rows[end - 1].cells):
        end -= 1
    above = [row.cells for row in rows[1:end]]
    found = [row for row in rows[end:] if _sums_up(row.cells, above)]
    if not found:
        return rows
    word = _word(found[0].cells)
    notes.append(f"{counted(len(found), 'row')} at the end left out, which sum up the others: '{word}'")
    lines = {row.line for row in found}
    return [row for row in rows if row.line not in lines]


def _word(cells: Sequence[str]) -> str | None:
    """The cell that says that a row sums up others."""
    return next((cell for cell in cells if cell.lower().rstrip(":") in _WORDS), None)


def _sums_up(cells: Sequence[str], above: Sequence[Sequence[str]]) -> bool:
    """Whether a number is the sum, or the mean, of those above it."""
    for index, cell in enumerate(cells):
        value = to_number(cell)
        numbers = [number for row in above if index < len(row) and (number := to_number(row[index])) is not None]
        if value is None or len(numbers) < FEWEST - 1 or min(numbers) == max(numbers):
            continue
        total = math.fsum(numbers)
        if any(math.isclose(value, each, rel_tol=1e-3) for each in (total, total / len(numbers))):
            return True
    return False
