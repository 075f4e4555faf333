"""`tuner compare`: the best finished sweep of each pair, side by side.

Two models of a dataset are comparable when they were tested on the same samples. Where a dataset's test set has changed
(another version of the files, say), that of the newest sweep counts; sweeps with another one are only named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.core.errors import TunerError
from tuner.core.score_text import difference_text
from tuner.data.source import Source
from tuner.sweeps.pairwise import against_best, pairwise_notes
from tuner.tracking.store import Store

if TYPE_CHECKING:
    from tuner.core.outcome import FinishedSweep
    from tuner.core.scores import Difference


@dataclass(frozen=True, kw_only=True)
class Row:
    """A pair, at its best."""

    sweep: FinishedSweep
    trials: int
    against_best: Difference | None = None
    """This model compared with the best one of the dataset; None for that itself, and where it is not known."""

    def to_json(self) -> dict[str, Any]:
        """For scripts: raw numbers."""
        values = asdict(self.sweep)
        scores = ("accuracy", "macro_f1", "roc_auc")
        more = ("samples", *(f"{name}_interval" for name in scores), "base_class", "base_accuracy")
        names = (*scores, *more, "parameters", "flops", "train_seconds", "bytes", "machine")
        return {
            "pair": self.sweep.pair,
            "dataset": self.sweep.dataset,
            "model": self.sweep.model,
            "sweep": self.sweep.name,
            "trials": self.trials,
            "against_best": _told(self.against_best) if self.against_best else None,
        } | {name: values[name] for name in names}


def _told(difference: Difference) -> dict[str, Any]:
    values = asdict(difference)
    return {"accuracy_difference": values.pop("accuracy"), **values, "text": difference_text(difference)}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Rows by dataset, each with its most accurate model first, and notes on them."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def compare(store: Store, home: Path, dataset: str | None) -> Comparison:
    """The best finished sweep of each pair, or of each pair of `dataset`.

    Raises:
        TunerError: there is none, or no such dataset; the message says what to run.
    """
    store.check()
    if store.embedded and not (home / "mlflow.db").exists():
        raise TunerError(f"there are no sweeps in {home}: start one with tuner sweep, or set TUNER_HOME")
    from tuner.tracking.finished_sweeps import count_trials, finished_sweeps  # noqa: PLC0415 - MLflow takes seconds to import

    sweeps = finished_sweeps(store)
    if dataset is not None:
        sweeps = _of(dataset, sweeps)
    if not sweeps:
        what, where = (f" of {dataset}", f" {dataset} MODEL") if dataset else ("", "")
        raise TunerError(f"there is no finished sweep{what} in {store.address}: start one with tuner sweep{where}")
    best, others = best_sweeps(sweeps)
    found = against_best(best, home)
    return Comparison(
        rows=tuple(
            Row(sweep=sweep, trials=count_trials(store, sweep), against_best=found.get(sweep.uid)) for sweep in best
        ),
        notes=(*pairwise_notes(best, found), *_notes(best, others)),
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


def _of(dataset: str, sweeps: list[FinishedSweep]) -> list[FinishedSweep]:
    """The sweeps of what the user typed: a name in the table, or a dataset as other commands take it."""
    named = [sweep for sweep in sweeps if sweep.data == dataset]
    source = None if named else Source.parse(dataset, None)
    return named if source is None else [sweep for sweep in sweeps if sweep.dataset == source.dataset]


def _notes(best: list[FinishedSweep], others: list[FinishedSweep]) -> Iterable[str]:
    for data, group in groupby(sorted(others, key=lambda sweep: sweep.data), key=lambda sweep: sweep.data):
        names = ", ".join(sweep.name for sweep in group)
        yield f"Not compared, because their test set of {data} is not that of the newest sweep: {names}"
    machines = sorted({sweep.machine for sweep in best if sweep.train_seconds is not None})
    if len(machines) > 1:
        yield f"The training times were measured on different machines: {'; '.join(machines)}"
