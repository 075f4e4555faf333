"""A header of two lines, as pandas writes columns of two levels: no single line has the names."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.core.errors import TunerError
from tuner.data.table_prints import to_number
from tuner.data.table_record import Record

_JOIN = "frame.columns = ['_'.join(map(str, names)).strip('_') for names in frame.columns]"


def refuse_levels(rows: Sequence[Record], place: str) -> None:
    """Raises TunerError where the names are in the first two rows together, above numbers."""
    if len(rows) < 3 or len(rows[0].cells) != len(rows[1].cells):
        return
    pairs = list(zip(rows[0].cells, rows[1].cells, strict=True))
    named = [pair for pair in pairs if all(pair)]
    levels = [{pair[level] for pair in named} for level in (0, 1)]
    repeated = all(1 < len(level) < len(named) for level in levels) and len(set(pairs)) == len(pairs)
    if not repeated or any(to_number(cell) is not None for row in rows[:2] for cell in row.cells):
        return
    below = rows[-1].cells
    numbers = [to_number(cell) for cell, pair in zip(below, pairs, strict=False) if all(pair)]
    if any(number is None for number in numbers):
        return
    first, second = named[0]
    advice = f"'{first}_{second}' and so on; in pandas: {_JOIN}"
    raise TunerError(
        f"{place}, line {rows[0].line}: the header has two lines, such as '{first}' above '{second}': "
        f"write one name for each column, {advice}"
    )
