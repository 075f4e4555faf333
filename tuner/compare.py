"""`tuner compare`: the best finished sweep of each pair, side by side.

Two models of a dataset are comparable when they were tested on the same samples. Where a dataset's test set has changed
(another version of the files, say), that of the newest sweep counts, and the sweeps of the others are only named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from tuner.duration import format_seconds
from tuner.errors import TunerError
from tuner.files import make_folder, pictures, tuner_home
from tuner.source import Source
from tuner.store import Store
from tuner.units import short

if TYPE_CHECKING:
    from tuner.finished import FinishedSweep

_NUMBERS = ("accuracy", "macro F1", "ROC-AUC", "params", "FLOPs", "training", "size")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A pair, at its best."""

    sweep: FinishedSweep
    trials: int

    def to_json(self) -> dict[str, Any]:
        """For scripts: raw numbers."""
        values = asdict(self.sweep)
        names = ("accuracy", "macro_f1", "roc_auc", "parameters", "flops", "train_seconds", "bytes", "machine")
        return {
            "pair": self.sweep.pair,
            "dataset": self.sweep.dataset,
            "model": self.sweep.model,
            "sweep": self.sweep.name,
            "trials": self.trials,
        } | {name: values[name] for name in names}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Rows by dataset, each with its most accurate model first, and what is to be known of them."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def run(dataset: str | None, *, as_json: bool, out: Console, err: Console) -> int:
    """Prints the comparison and draws it. Returns the exit status."""
    home = tuner_home()
    with err.status("Reading the sweeps"):
        found = compare(Store.of(home), home, dataset)
        picture = _draw(found, f"compare-{found.rows[0].sweep.data}.png" if dataset else "compare.png")
    if as_json:
        rows = [row.to_json() for row in found.rows]
        out.print_json(json.dumps({"pairs": rows, "notes": found.notes, "picture": str(picture)}))
    else:
        print_comparison(found, picture, out)
    return 0


def compare(store: Store, home: Path, dataset: str | None) -> Comparison:
    """The best finished sweep of each pair, or of each pair of `dataset`.

    Raises:
        TunerError: there is none, or no such dataset; the message says what to run.
    """
    store.check()
    if store.embedded and not (home / "mlflow.db").exists():
        raise TunerError(f"there are no sweeps in {home}: begin one with tuner sweep, or set TUNER_HOME")
    from tuner.finished import count_trials, finished_sweeps  # noqa: PLC0415 - MLflow takes seconds to import

    sweeps = finished_sweeps(store)
    if dataset is not None:
        sweeps = _of(dataset, sweeps)
    if not sweeps:
        what, where = (f" of {dataset}", f" {dataset} MODEL") if dataset else ("", "")
        raise TunerError(f"there is no finished sweep{what} in {store.address}: begin one with tuner sweep{where}")
    best, others = best_sweeps(sweeps)
    return Comparison(
        rows=tuple(Row(sweep=sweep, trials=count_trials(store, sweep)) for sweep in best),
        notes=tuple(_notes(best, others)),
    )


def best_sweeps(sweeps: Iterable[FinishedSweep]) -> tuple[list[FinishedSweep], list[FinishedSweep]]:
    """The most accurate sweep of each pair, by dataset and accuracy, and those that were tested on an older test set.

    Of equally accurate sweeps the first one counts, as for the champion.
    """
    by_age = sorted(sweeps, key=lambda sweep: sweep.started)
    newest = {sweep.data: sweep.test_data for sweep in by_age}
    others = [sweep for sweep in by_age if sweep.test_data != newest[sweep.data]]
    best: dict[str, FinishedSweep] = {}
    for sweep in by_age:
        if sweep.test_data == newest[sweep.data]:
            best[sweep.pair] = max(best.get(sweep.pair, sweep), sweep, key=lambda each: each.accuracy)
    return sorted(best.values(), key=lambda sweep: (sweep.data, -sweep.accuracy, sweep.model)), others


def print_comparison(comparison: Comparison, picture: Path, out: Console) -> None:
    """A table as wide as the console allows, the notes, and where the picture is."""
    rows = comparison.rows
    table = _table(rows, with_sweep=True)
    narrow = Measurement.get(out, out.options.update(width=1000), table).maximum > out.width
    out.print(_table(rows, with_sweep=False) if narrow else table)
    if narrow:
        sweeps = ", ".join(f"{row.sweep.name} ({_trials(row)})" for row in rows)
        out.print(f"\nThe sweeps, in this order: {sweeps}", markup=False, soft_wrap=False)
    for note in comparison.notes:
        out.print(f"\n{note}", markup=False, soft_wrap=False)
    out.print(f"\npicture  {picture}", markup=False)


def _draw(comparison: Comparison, name: str) -> Path:
    from tuner.report.figures import save  # noqa: PLC0415 - matplotlib takes a while
    from tuner.report.figures_compare import draw_comparison  # noqa: PLC0415

    picture = make_folder(pictures()) / name
    save(draw_comparison([row.sweep for row in comparison.rows]), picture)
    return picture


def _of(dataset: str, sweeps: list[FinishedSweep]) -> list[FinishedSweep]:
    """The sweeps of what the user typed: a name in the table, or a dataset as other commands take it."""
    named = [sweep for sweep in sweeps if sweep.data == dataset]
    source = None if named else Source.parse(dataset, None)
    return named if source is None else [sweep for sweep in sweeps if sweep.dataset == source.dataset]


def _notes(best: list[FinishedSweep], others: list[FinishedSweep]) -> Iterable[str]:
    for data, group in groupby(sorted(others, key=lambda sweep: sweep.data), key=lambda sweep: sweep.data):
        names = ", ".join(sweep.name for sweep in group)
        yield f"Not compared, since they were tested on another test set of {data} than its newest sweep: {names}"
    machines = sorted({sweep.machine for sweep in best if sweep.train_seconds is not None})
    if len(machines) > 1:
        yield f"The training times are of different machines: {'; '.join(machines)}"


def _table(rows: Iterable[Row], *, with_sweep: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2 if with_sweep else 1, 0, 0))
    table.add_column("")
    for name in (*_NUMBERS, *(("trials",) if with_sweep else ())):
        table.add_column(name, justify="right", no_wrap=True)
    if with_sweep:
        table.add_column("sweep", no_wrap=True)
    for data, group in groupby(rows, key=lambda row: row.sweep.data):
        table.add_row(Text(data, style="bold"))
        for row in group:
            more = (str(row.trials), Text(row.sweep.name)) if with_sweep else ()
            table.add_row(Text(f"  {row.sweep.model}"), *_cells(row.sweep), *more)
    return table


def _cells(sweep: FinishedSweep) -> list[str]:
    scores = [f"{score:.4f}" for score in (sweep.accuracy, sweep.macro_f1, sweep.roc_auc)]
    numbers = ["" if value is None else short(value) for value in (sweep.parameters, sweep.flops)]
    seconds = "" if sweep.train_seconds is None else format_seconds(sweep.train_seconds)
    return [*scores, *numbers, seconds, "" if sweep.bytes is None else short(sweep.bytes, "B")]


def _trials(row: Row) -> str:
    return "1 trial" if row.trials == 1 else f"{row.trials} trials"
