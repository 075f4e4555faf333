"""`tuner compare`: for each pair the finished sweep that the rule of `champion` chooses, side by side.

Models of a dataset are chosen by their validation scores on one split. Where a dataset has changed (another version of
the files, say), the split of the newest sweep counts; sweeps with another one are only named, unless their model has
been scored on the newest one. The test scores are shown, and choose nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.core import own_code
from tuner.core.errors import TunerError
from tuner.core.score_text import difference_text
from tuner.core.target_kind import CLASSES
from tuner.data.source import Source
from tuner.sweeps.best_sweeps import Choice, Registered, best_sweeps
from tuner.sweeps.champion import ByHand
from tuner.sweeps.pairwise import against_best, pairwise_notes
from tuner.tracking.score_tags import scores_in
from tuner.tracking.store import Store

if TYPE_CHECKING:
    from tuner.core.finished_sweep import FinishedSweep
    from tuner.core.scores import Difference


@dataclass(frozen=True, kw_only=True)
class Row:
    """A pair, at its best."""

    sweep: FinishedSweep
    trials: int
    val_score: float | None = None
    """That which decided: on the newest validation split of the dataset. None for a model without one, set by hand."""
    looks: int = 1
    """How many models of the pair have been tested on the same test split."""
    against_best: Difference | None = None
    """This model compared with the best one of the dataset; None for that itself, and where it is not known."""

    def to_json(self) -> dict[str, Any]:
        """For scripts: raw numbers."""
        kind, tested = self.sweep.scores.kind, self.sweep.scores.to_json()
        scores = [name for name in kind.tested if name != "loss"]
        base = ("base_class", "base_accuracy") if kind is CLASSES else ("base_number", "base_r2")
        more = ("samples", *(f"{name}_interval" for name in scores), *base)
        names = ("parameters", "flops", "train_seconds", "bytes", "machine")
        return {
            "pair": self.sweep.pair,
            "dataset": self.sweep.dataset,
            "model": self.sweep.model,
            "sweep": self.sweep.name,
            "trials": self.trials,
            kind.val_score: self.val_score,
            "test_looks": self.looks,
            "against_best": _told(self.against_best) if self.against_best else None,
            **{name: tested[name] for name in (*scores, *more)},
            **{name: getattr(self.sweep, name) for name in names},
        }


def _told(difference: Difference) -> dict[str, Any]:
    values = difference.to_json()
    size = values.pop(difference.of)
    return {f"{difference.of}_difference": size, **values, "text": difference_text(difference)}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Rows by dataset, each with its best model by validation first, and notes on them."""

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
    registered = _registered(store, {sweep.pair for sweep in sweeps})
    choice = best_sweeps(sweeps, registered)
    by_hand = [sweep for sweep in choice.best if sweep.uid in registered and registered[sweep.uid].by_hand]
    found = against_best(choice.best, home)
    rows = tuple(
        Row(
            sweep=sweep,
            trials=count_trials(store, sweep),
            val_score=score.score if (score := choice.scores.get(sweep.uid)) else None,
            looks=_looks(sweep, sweeps),
            against_best=found.get(sweep.uid),
        )
        for sweep in choice.best
    )
    return Comparison(rows=rows, notes=(*pairwise_notes(choice.best, found), *_notes(rows, choice, by_hand)))


def _registered(store: Store, pairs: Iterable[str]) -> dict[str, Registered]:
    from tuner.tracking.versions import Versions, registered_models  # noqa: PLC0415 - MLflow takes seconds to import

    champions = registered_models(store.uri)
    found = {}
    for version in (each for pair in sorted(pairs) if pair in champions for each in Versions(store.uri, pair).all()):
        hand = version.by_hand
        found[version.uid] = Registered(
            scores=scores_in(version.tags),
            by_hand=ByHand(before=hand[0], keep=hand[1]) if hand else None,
            order=version.number,
            champion=champions[version.model] == version.number,
        )
    return found


def _looks(sweep: FinishedSweep, sweeps: Sequence[FinishedSweep]) -> int:
    same = (each for each in sweeps if (each.pair, each.test_data) == (sweep.pair, sweep.test_data))
    return sum(1 + each.tested for each in same)


def _of(dataset: str, sweeps: list[FinishedSweep]) -> list[FinishedSweep]:
    """The sweeps of what the user typed: a name in the table, or a dataset as other commands take it."""
    named = [sweep for sweep in sweeps if sweep.data == dataset]
    source = None if named else Source.parse(dataset, None)
    return (
        named if source is None else [sweep for sweep in sweeps if sweep.dataset == own_code.place_of(source.dataset)]
    )


def _notes(rows: Sequence[Row], choice: Choice, by_hand: Sequence[FinishedSweep]) -> Iterator[str]:
    chosen_by = dict.fromkeys(row.sweep.scores.kind.label for row in rows)
    yield f"Chosen by validation {' and '.join(chosen_by)}; the test scores are of what was chosen."
    for sweep in by_hand:
        yield f"{sweep.name} stands for {sweep.pair} because it was made its champion by hand (tuner promote)"
    often = [f"{row.sweep.pair} {row.looks}" for row in rows if row.looks > 1]
    if often:
        yield f"Models tested on the same test set so far, of which one is shown: {', '.join(often)}"
    for sweep in choice.base:
        base = sweep.scores.kind.base
        yield f"{sweep.name} is not better than {base}, by more than noise: it is not the champion"
    for sweep in choice.older:
        yield f"{sweep.name} was tested on an older test set of {sweep.data}: its test scores are not comparable"
    yield from _not_compared(choice)
    machines = sorted({row.sweep.machine for row in rows if row.sweep.train_seconds is not None})
    if len(machines) > 1:
        yield f"The training times were measured on different machines: {'; '.join(machines)}"


def _not_compared(choice: Choice) -> Iterator[str]:
    """A line for each dataset with sweeps that have no score on its newest validation split."""
    for data, group in groupby(sorted(choice.others, key=lambda sweep: sweep.data), key=lambda sweep: sweep.data):
        others = list(group)
        trained = [sweep.name for sweep in others if sweep.validation]
        if trained:
            when = f"before the data of {data} or their division changed"
            yield f"Not compared, since {_were(trained)} trained {when}: {', '.join(trained)}"
        unscored = [sweep.name for sweep in others if not sweep.validation]
        if unscored:
            where = f"the validation split of the newest sweep of {data}"
            yield f"Not compared, since {_were(unscored)} not scored on {where}: {', '.join(unscored)}"


def _were(names: Sequence[str]) -> str:
    return "it was" if len(names) == 1 else "they were"
