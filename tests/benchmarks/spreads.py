"""A table of runs: medians, with the lowest and the highest value."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence


def spread(values: Sequence[float], digits: int) -> str:
    """The median, with the range in brackets."""
    middle, least, most = (f"{each:.{digits}f}" for each in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({least} - {most})"


def print_table(columns: Sequence[str], digits: Sequence[int], found: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Prints Markdown: a row for each thing that was measured, from its runs, which have a value for each column."""
    print(f"\n| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, runs in found.items():
        cells = [spread(values, places) for values, places in zip(zip(*runs, strict=True), digits, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")
