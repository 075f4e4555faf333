"""What a sweep's study knows of its trials, read from the journal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, TrialState

from tuner.journal import Journal
from tuner.space import Value

FILE = "study.log"
SCORE = "val_accuracy"
STUDY = "sweep"
SPENT = "spent"  # the study's attribute with the seconds of each run of a search that has a time budget
_STATES = {
    TrialState.RUNNING: "RUNNING",
    TrialState.WAITING: "RUNNING",
    TrialState.COMPLETE: "COMPLETE",
    TrialState.PRUNED: "PRUNED",
    TrialState.FAIL: "FAIL",
}


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What the study knows of a trial."""

    number: int
    state: str
    """RUNNING (also when it waits or was interrupted), COMPLETE, PRUNED or FAIL."""
    parameters: dict[str, Value]
    """By the names that models and training use; empty while they are being drawn."""
    values: dict[int, float]
    """Score by epoch, counted from 1. Finite."""
    metrics: dict[int, dict[str, float]]
    """All metrics by epoch, with the `time` of the report in seconds since 1970."""
    reason: str
    """Why it was pruned or failed."""
    started: float
    """Seconds since 1970."""
    finished: float | None
    """Seconds since 1970; None while it is RUNNING. For a pruned trial, the time of its last epoch."""
    nodes: tuple[tuple[int, str], ...] = ()
    """On a cluster: the nodes that it has run on, each with the first epoch that it trained there."""
    seed: int | None = None
    """Of its training; None before its first epoch."""
    conditions: tuple[tuple[int, Mapping[str, str | int]], ...] = ()
    """See `conditions.Conditions`: those that it was trained under, each with the first epoch that was."""
    halved: int = 0
    """The first epoch whose batches were trained half at a time, since the whole ones did not fit; 0 if none was."""

    @property
    def epoch(self) -> int:
        """The last epoch reported, 0 before the first."""
        return max(self.values, default=0)

    @property
    def best_epoch(self) -> int:
        """The epoch of the highest score; of equal ones that with the lowest validation loss."""
        return max(self.values, key=lambda epoch: (self.values[epoch], -self.metrics[epoch]["val_loss"], -epoch))

    @property
    def best(self) -> tuple[float, float]:
        """Score and negative validation loss of the best epoch: trials are ranked by it."""
        epoch = self.best_epoch
        return self.values[epoch], -self.metrics[epoch]["val_loss"]

    @property
    def latest(self) -> float:
        """When it was last heard of: its last epoch, or else its begin, in seconds since 1970."""
        return max([self.started, *(metrics["time"] for metrics in self.metrics.values())])

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state != "RUNNING"


def best_of(records: list[TrialRecord]) -> TrialRecord | None:
    """The record with the best epoch; the first of equals. A failed trial is never the best."""
    candidates = [record for record in records if record.values and record.state != "FAIL"]
    return max(candidates, key=lambda record: (record.best, -record.number), default=None)


class StudyReader:
    """A study that another process may be writing. Each look reads only what is new in the journal."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._storage: JournalStorage | None = None

    def records(self) -> list[TrialRecord]:
        """The trials so far, in the order of their numbers; none when the study has not begun."""
        study = self._study()
        return [to_record(frozen) for frozen in study.trials] if study else []

    def spent(self) -> tuple[float, ...]:
        """Seconds that each run of the search has gone on, if it has a time budget."""
        study = self._study()
        return tuple(study.user_attrs.get(SPENT, ())) if study else ()

    def _study(self) -> optuna.Study | None:
        if not self._journal.exists():
            return None
        with quiet():
            if self._storage is None:
                self._storage = open_journal(self._journal)
            if not self._storage.get_all_studies():
                return None
            return optuna.load_study(study_name=STUDY, storage=self._storage)


def read_records(journal: Path) -> list[TrialRecord]:
    """The trials of a study, without writing to it: its sweep may be running."""
    return StudyReader(journal).records()


def open_journal(path: Path) -> JournalStorage:
    """The storage of a study, made when it is not there."""
    return JournalStorage(Journal(path))


def to_record(frozen: FrozenTrial) -> TrialRecord:
    """What Optuna's trial holds for us."""
    attributes = frozen.user_attrs
    metrics = {int(k.removeprefix("epoch ")): v for k, v in attributes.items() if k.startswith("epoch ")}
    record = TrialRecord(
        number=frozen.number,
        state=_STATES[frozen.state],
        parameters=attributes.get("parameters", {}),
        values=dict(frozen.intermediate_values),
        metrics=metrics,
        reason=attributes.get("reason", ""),
        started=frozen.datetime_start.timestamp() if frozen.datetime_start else 0.0,
        finished=frozen.datetime_complete.timestamp() if frozen.datetime_complete else None,
        halved=int(attributes.get("halved", 0)),
        seed=attributes.get("seed"),
        conditions=tuple((int(epoch), conditions) for epoch, conditions in attributes.get("conditions", ())),
        nodes=tuple((int(epoch), str(node)) for epoch, node in attributes.get("nodes", ())),
    )
    if record.finished is None:
        return record
    waited = frozen.state == TrialState.PRUNED and metrics  # at its rung, until the sweep was over
    return replace(record, finished=record.latest if waited else max(record.finished, record.latest))


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's notes about experimental arguments and about each trial told."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            yield
        finally:
            optuna.logging.set_verbosity(verbosity)
