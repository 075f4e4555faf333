"""`tuner logs NAME --csv`, `--json` or `--parquet FILE`: a sweep as a table, for one's own analysis."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from tuner.core.epoch_rows import epoch_rows, rows_json, write_csv, write_parquet
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.units import counted
from tuner.sweeps.sweep_reader import SweepReader


def check_table(*, as_csv: bool, as_json: bool, parquet: Path | None, follow: bool, place: str | None) -> bool:
    """Whether a table is asked for. Raises TunerError for options that do not go together."""
    asked = [name for name, on in (("--csv", as_csv), ("--json", as_json), ("--parquet", parquet)) if on]
    if len(asked) > 1:
        raise TunerError(f"{' and '.join(asked)}: give one of them")
    if asked and follow:
        raise TunerError(f"--follow shows lines for people: leave it out, or {asked[0]}")
    if parquet and place:
        raise TunerError(f"--parquet would write {parquet} on the cluster: take --csv, and > FILE")
    return bool(asked)


def print_rows(
    name: str, *, trial: int | None, as_csv: bool, as_json: bool, parquet: Path | None, err: Console
) -> None:
    """Prints the table, or writes it into a file."""
    records = SweepReader(name, tuner_home()).live_records()
    if trial is not None and not 0 <= trial < len(records):
        raise TunerError(f"{name} has no trial {trial}: it has {counted(len(records), 'trial')}")
    rows = epoch_rows(records if trial is None else [records[trial]])
    if as_csv:
        write_csv(rows, sys.stdout)
    elif as_json:
        sys.stdout.write(f"{rows_json(rows)}\n")
    elif parquet:
        write_parquet(rows, parquet)
        err.print(f"wrote {parquet}: {counted(len(rows), 'row')}", markup=False, soft_wrap=True)
