"""Lines whose columns have a fixed width."""

from __future__ import annotations

import re


def fixed_columns(lines: list[str]) -> tuple[int, ...]:
    """Where columns of fixed width begin; empty where the lines have none.

    A column begins where no line has a character just before it. Where only the first line, which has the names, has
    something, that belongs to the column before.
    """
    if len(lines) < 3:
        return ()
    header, *rows = (line.expandtabs() for line in lines)
    used = _used(rows[:1000])
    both = used | _used([header])
    begins = [n for n in sorted(both) if n - 1 not in both]
    ends = (*begins[1:], max(both, default=0) + 1)
    columns = [b for b, e in zip(begins, ends, strict=True) if any(n in used for n in range(b, e))]
    if len(columns) < 2 or not all(cells_at(header, tuple(columns))[1:]):  # pandas prints row numbers without a name
        return ()
    crossed = any(row[begin - 1 : begin].strip() for begin in columns[1:] for row in rows)
    if crossed or any("  " in cell for row in rows for cell in cells_at(row, tuple(columns))):  # two columns in one
        return ()
    return tuple(columns)


def cells_at(line: str, columns: tuple[int, ...]) -> list[str]:
    """The cells of a line, without the spaces around them."""
    line = line.expandtabs()
    ends = (*columns[1:], len(line))
    return [line[begin:end].strip() for begin, end in zip(columns, ends, strict=True)]


def _used(lines: list[str]) -> set[int]:
    return {match.start() for line in lines for match in re.finditer(r"\S", line)}
