"""A sweep as a plain table, a row for each trial and epoch, and the files that it is written to."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from tuner.core.errors import TunerError
from tuner.core.files import write_atomic
from tuner.core.finite import finite
from tuner.core.records import TrialRecord

FIRST = ("trial", "epoch", "kept", "state")
LAST = ("time", "seed", "reason")
Row = dict[str, Any]


def epoch_rows(records: Iterable[TrialRecord]) -> list[Row]:
    """A row for each epoch of each trial, all with the same columns; a trial without an epoch has one without `epoch`.

    The columns: `trial`, its number; `epoch`; `kept`, whether the weights of this epoch are kept; `state` of the
    trial; each metric by its name, with `metrics_` before one that another column has; each parameter as
    `params_NAME`, as the epoch was trained with it; `time`, when the epoch ended, in seconds since 1970; `seed`;
    the `reason` why the trial was pruned or failed.
    """
    rows = [_row(record, epoch) for record in records for epoch in sorted(record.metrics) or [0]]
    names = dict.fromkeys(name for row in rows for name in row)
    parameters = [name for name in names if name.startswith("params_")]
    metrics = [name for name in names if name not in (*FIRST, *LAST, *parameters)]
    return [{name: row.get(name) for name in (*FIRST, *metrics, *parameters, *LAST)} for row in rows]


def _column(metric: str) -> str:
    """The column of a metric: its name, or where another column is called so with `metrics_` before it."""
    return f"metrics_{metric}" if metric in (*FIRST, *LAST) else metric


def _row(record: TrialRecord, epoch: int) -> Row:
    metrics = record.outcome(epoch)
    return {
        "trial": record.number,
        "epoch": epoch or None,
        "kept": epoch == record.best_epoch and epoch > 0,
        "state": record.word,
        **{_column(name): value for name, value in metrics.items() if name not in ("time", "epoch")},
        **{f"params_{name}": value for name, value in record.parameters_in(epoch).items()},
        "time": metrics.get("time"),
        "seed": record.seed,
        "reason": record.reason,
    }


def write_csv(rows: Sequence[Row], file: IO[str]) -> None:
    """A heading and a line for each row; nothing where a value is missing."""
    writer = csv.DictWriter(file, [*rows[0]] if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def rows_json(rows: Sequence[Row]) -> str:
    """A list of objects, a line for each. JSON has no NaN and no infinity: such a number is null."""
    lines = [json.dumps(finite(row), allow_nan=False) for row in rows]
    return "[" + ",\n ".join(lines) + "]"


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    """Writes a file for pandas, polars, DuckDB and the like.

    A column has one type: parameters of several, such as the choices 1 and "all", become texts.

    Raises:
        TunerError: it cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415 - takes a moment
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns = {name: _of_one_type([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    table = pa.table(columns)
    try:
        write_atomic(path, lambda file: pq.write_table(table, file))
    except OSError as error:
        raise TunerError(f"{path} cannot be written: {error.strerror}") from None


def _of_one_type(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) < 2:
        return values
    as_one = float if kinds == {int, float} else str
    return [None if value is None else as_one(value) for value in values]
