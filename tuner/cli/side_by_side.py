"""What `tuner compare PAIR` prints: a table with a column for each sweep."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner.cli.console import print_json
from tuner.core.files import make_folder, pictures
from tuner.sweeps.side_by_side import SideBySide, side_by_side
from tuner.sweeps.side_by_side_rows import Row, rows_of


def show_side_by_side(names: list[str], home: Path, *, as_json: bool, out: Console, err: Console) -> int:
    """Prints the sweeps side by side, and writes the page. Returns the exit status."""
    with err.status("Reading the sweeps"):
        found = side_by_side(names, home)
        groups = rows_of(found.sides)
        page = _write_page(found, groups)
    if as_json:
        print_json({**found.to_json(), "page": str(page)}, out)
        return 0
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for title, rows in groups.items():
        if rows:
            table.add_row(Text(title, style="bold"))
        for heading, cells in rows:
            table.add_row(Text(f"  {heading}"), *map(Text, cells))
    out.print(table)
    for note in found.notes:
        out.print(f"\n{note}", markup=False, soft_wrap=True)
    out.print(f"\npage  {page}", markup=False, soft_wrap=True)
    return 0


def _write_page(found: SideBySide, groups: dict[str, list[Row]]) -> Path:
    from tuner.report.page_side_by_side import side_by_side_page  # noqa: PLC0415 - plotly takes a while

    page = make_folder(pictures()) / f"compare-{found.pair}.html"
    searches = {each.config.name: each.records for each in found.sides}
    page.write_text(side_by_side_page(found.pair, searches, groups, found.notes), encoding="utf-8")
    return page
