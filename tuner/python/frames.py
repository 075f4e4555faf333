"""The trials of a sweep as a table of pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from tuner.core.epoch_rows import epoch_rows
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.python.quiet import quiet_imports

FIRST = ("state", "epoch", "kept_epoch")
LAST = ("seconds", "seed", "reason")


def trials_frame(folder: Path) -> pd.DataFrame:
    """A row for each trial, with its number as index.

    The columns are `state` (running, waiting, done, pruned, failed), `epoch`, the last one, and `kept_epoch`; each
    metric as it was in the epoch that is kept; each parameter as `params_NAME`; `seconds` from its start to its last
    report, `seed`, and the `reason` why it was pruned or failed.
    """
    with quiet_imports():
        from tuner.search.study_reader import read_records  # noqa: PLC0415 - imports Optuna
    from tuner.sweeps.lock import live_trials  # noqa: PLC0415

    live = live_trials(folder)
    rows = [_row(record, live=record.number in live) for record in read_records(SweepFolder(folder).journal)]
    names = dict.fromkeys(name for row in rows for name in row)
    parameters = [name for name in names if name.startswith("params_")]
    metrics = [name for name in names if name not in (*FIRST, *LAST, *parameters)]
    columns = [*FIRST, *metrics, *parameters, *LAST]
    return pd.DataFrame(rows, columns=columns, index=pd.RangeIndex(len(rows), name="number"))


def epochs_frame(folder: Path) -> pd.DataFrame:
    """A row for each epoch of each trial: see `epoch_rows`, which has the columns."""
    with quiet_imports():
        from tuner.sweeps.sweep_reader import SweepReader  # noqa: PLC0415 - imports Optuna

    rows = epoch_rows(SweepReader(folder.name, folder.parent).live_records())
    return pd.DataFrame(rows).astype({"epoch": "Int64"}) if rows else pd.DataFrame()


def _row(record: TrialRecord, *, live: bool) -> dict[str, Any]:
    metrics = record.outcome(record.best_epoch)
    return {
        "state": "running" if live and not record.ended else record.word,
        "epoch": record.epoch,
        "kept_epoch": record.best_epoch,
        **{name: value for name, value in metrics.items() if name not in ("time", "epoch")},
        **{f"params_{name}": value for name, value in record.parameters.items()},
        "seconds": round(record.latest - record.started, 3),
        "seed": record.seed,
        "reason": record.reason,
    }
