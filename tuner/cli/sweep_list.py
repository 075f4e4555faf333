"""`tuner list --sweeps`: a row for each sweep of the home folder, with its pair, its score and its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tuner.cli.console import err, out, print_json
from tuner.cli.status_table import MORE, Column, best_column, date_text, table_lines, trials_text
from tuner.core.deletion import unfinished_deletions
from tuner.core.disk_usage import disk_usage
from tuner.core.environment import prepare_environment
from tuner.core.errors import printable
from tuner.core.files import tuner_home
from tuner.core.units import format_number

if TYPE_CHECKING:
    from tuner.sweeps.status import Status

_WORDS = ("sweep", "pair", "state")
_BY_IMPORTANCE = ("sweep", "state", "pair", "best", "began", "disk", "trials")


def show(*, as_json: bool) -> int:
    """Prints the list. Returns the exit status: 1 when a sweep is damaged."""
    prepare_environment()
    from tuner.sweeps.sweep_reader import all_statuses  # noqa: PLC0415 - imports Optuna
    from tuner.sweeps.sweep_rows import sweep_row  # noqa: PLC0415

    home = tuner_home()
    found, damaged = all_statuses(home)
    sizes = {each.config.name: disk_usage(home / each.config.name) for each in found}
    if as_json:
        print_json([sweep_row(each, sizes[each.config.name]) for each in found], out)
    elif found:
        lines, complete = table_lines(_columns(found, sizes), _BY_IMPORTANCE, _WORDS, out.width)
        for line in lines if complete else [*lines, "", MORE]:
            out.print(line, markup=False, soft_wrap=True)
    else:
        out.print(f"There are no sweeps in {home} yet. Start one with: tuner sweep digits cnn", markup=False)
    for deletion in unfinished_deletions(home):
        err.print(f"being deleted: {deletion.name} (to finish it: tuner rm {deletion.name})", markup=False)
    for reason in damaged:
        err.print(f"left out: {printable(reason)}", markup=False, soft_wrap=True)
    return 1 if damaged else 0


def _columns(found: Sequence[Status], sizes: Mapping[str, int]) -> dict[str, Column]:
    columns = {
        "sweep": Column("sweep", [each.config.name for each in found]),
        "pair": Column("pair", [each.config.pair for each in found]),
        "state": Column("state", [each.state for each in found]),
        "trials": Column("trials", [trials_text(each) for each in found]),
        "best": best_column(found),
        "began": Column("began", ["" if each.began is None else date_text(each.began) for each in found]),
        "disk": Column("disk", [format_number(sizes[each.config.name], "B") for each in found]),
    }
    return {name: column for name, column in columns.items() if any(column.cells)}
