"""`tuner status`: a row for each sweep, in as many columns as the terminal has room for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console

from tuner.core.objective import PLAIN
from tuner.core.score_text import score_text
from tuner.core.target_kind import NUMBERS
from tuner.core.units import format_seconds

if TYPE_CHECKING:
    from tuner.sweeps.status import Status


GAP = "  "
MORE = "(more columns: widen the terminal, or tuner status NAME, or --json)"


class Column(NamedTuple):
    """A heading, and a cell for each sweep."""

    heading: str
    cells: list[str]

    @property
    def width(self) -> int:
        """In characters."""
        return max(map(len, (self.heading, *self.cells)))


def print_statuses(found: Sequence[Status], home: Path, out: Console) -> None:
    """A row for each sweep. Where columns lack room, the less important ones are left out; no name is broken."""
    if not found:
        out.print(f"There are no sweeps in {home} yet. Start one with: tuner sweep digits cnn", markup=False)
        return
    for line in status_lines(found, out.width):
        out.print(line, markup=False, soft_wrap=True)


def status_lines(found: Sequence[Status], width: int) -> list[str]:
    """The table, its heading first. Only a single column may be wider than `width`."""
    lines, complete = table_lines(_columns(found), _BY_IMPORTANCE, _WORDS, width)
    return lines if complete else [*lines, "", MORE]


def table_lines(
    columns: Mapping[str, Column], by_importance: Sequence[str], words: Collection[str], width: int
) -> tuple[list[str], bool]:
    """A table, its heading first, with the columns that have room; and whether these are all.

    The first column `by_importance` is always there. Columns of `words` are set to the left, numbers to the right.
    """
    kept = list(columns)
    for least in by_importance[:0:-1]:
        if sum(columns[name].width for name in kept) + len(GAP) * (len(kept) - 1) <= width:
            break
        if least in kept:
            kept.remove(least)
    rows = zip(*([columns[name].heading, *columns[name].cells] for name in kept), strict=True)
    widths = [columns[name].width for name in kept]
    lines = [
        GAP.join(
            cell.ljust(size) if name in words else cell.rjust(size)
            for name, cell, size in zip(kept, row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return lines, len(kept) == len(columns)


_WORDS = ("sweep", "state", "test")  # to the left; numbers to the right
_BY_IMPORTANCE = ("sweep", "state", "trials", "best", "test", "left", "failed", "finished", "resources")


def _columns(found: Sequence[Status]) -> dict[str, Column]:
    """All columns that have something to show, in their order."""
    columns = {
        "sweep": Column("sweep", [each.config.name for each in found]),
        "state": Column("state", [f"{each.state}, unsent" if each.unsent else each.state for each in found]),
        "trials": Column("trials", [trials_text(each) for each in found]),
        "failed": Column("failed", [str(each.summary.counts.get("failed") or "") for each in found]),
        "best": best_column(found),
        "test": Column(
            _test_heading(found),
            ["" if each.test_score is None else score_text(each.test_score, each.test_interval) for each in found],
        ),
        "left": Column("time left", [_time_left(each) for each in found]),
        "finished": Column("finished", ["" if each.finished is None else date_text(each.finished) for each in found]),
        "resources": Column("resources", [each.resources for each in found]),
    }
    return {name: column for name, column in columns.items() if any(column.cells)}


def best_column(found: Sequence[Status]) -> Column:
    """The best score of each sweep. Where one goes by something else than the accuracy, each cell names what it is."""
    named = any(each.config.goal.first != PLAIN.first for each in found)  # R2 has its name, too
    cells = []
    for each in found:
        first, best = each.config.goal.first, each.summary.best
        name = f"{first.name} " if named else ""
        cells.append("" if best is None else f"{name}{first.metric.text(best.score)}")
    return Column("best" if named else "val acc", cells)


def _test_heading(found: Sequence[Status]) -> str:
    """What the scores of the column are; the column `best` says which is which where sweeps differ."""
    kinds = [each.config.goal.kind for each in found if each.test_score is not None]
    if any(kind is not kinds[0] for kind in kinds):
        return "test"
    return "test R2" if NUMBERS in kinds else "test acc"


def trials_text(status: Status) -> str:
    """`4/16`: those that have ended, and all."""
    counts = status.summary.counts
    return f"{sum(counts.get(name, 0) for name in ('done', 'pruned', 'failed'))}/{sum(counts.values())}"


def _time_left(status: Status) -> str:
    return "" if status.summary.left is None else format_seconds(status.summary.left)


def date_text(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
