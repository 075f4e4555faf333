"""The Optuna study of a sweep: asks for points, and remembers everything that the trials reported.

The study is the sweep's only memory. It lies in a journal file in the sweep's folder, which survives a crash at any
point and can be read by optuna-dashboard while the sweep runs. Only the process that holds the sweep writes to it.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.trial import FrozenTrial, TrialState

from tuner.seed import trial_seed
from tuner.space import SearchSpace, Value

FILE = "study.log"
SCORE = "val_accuracy"
MEMORY = "memory"  # the constraint that a trial breaks when it runs out of it
_STUDY = "sweep"
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
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state != "RUNNING"


class Study:
    """The memory of a sweep."""

    def __init__(self, journal: Path, space: SearchSpace, *, seed: int, trials: int) -> None:
        _drop_torn_line(journal)
        with _quiet():
            self._storage = JournalStorage(JournalFileBackend(str(journal), lock_obj=_HeldBySweep()))
            self._study = optuna.create_study(
                storage=self._storage, study_name=_STUDY, direction="maximize", load_if_exists=True
            )
        self._asker = _SeenByTPE(_STUDY, self._storage)
        self._space = space
        self._seed = seed
        self._startup = max(4, min(10, trials // 3))
        self._live: dict[int, optuna.Trial] = {}
        self._ended: dict[int, TrialRecord] = {}  # they change no more, so they are read once

    def ask(self) -> tuple[int, dict[str, Value]]:
        """Creates a trial and draws its parameters."""
        self._asker.sampler = _sampler(trial_seed(self._seed, len(self._frozen())), self._startup)
        with _quiet():
            return self._draw(self._asker.ask())

    def reissue(self, number: int) -> tuple[int, dict[str, Value]]:
        """A trial that is to go on: with the parameters that it has, drawing those that it had not come to."""
        self._asker.sampler = _sampler(trial_seed(self._seed, number), self._startup)
        with _quiet():
            return self._draw(optuna.Trial(self._asker, self._frozen()[number]._trial_id))

    def report(self, number: int, metrics: Mapping[str, float]) -> dict[str, float] | None:
        """Remembers an epoch's metrics (`epoch`, the score and the others).

        Returns them with the `time`, in seconds since 1970, or None when the epoch was known already. Of an epoch that
        a kill left half written, what was written first stays, so that it has one time everywhere.
        """
        epoch, trial, key = int(metrics["epoch"]), self._trial(number), f"epoch {int(metrics['epoch'])}"
        frozen = self._frozen()[number]
        if epoch in frozen.intermediate_values:
            return None
        stored: dict[str, float] | None = frozen.user_attrs.get(key)
        if stored is None:
            stored = {"time": time.time(), **metrics}
            trial.set_user_attr(key, stored)
        if math.isfinite(metrics[SCORE]) and math.isfinite(metrics["val_loss"]):
            trial.report(stored[SCORE], epoch)
        return stored

    def note_node(self, number: int, node: str, epoch: int) -> None:
        """Remembers on which node of a cluster a trial runs, from an epoch on that it is about to report.

        A trial that goes on first repeats the last epoch of its checkpoint.
        """
        record = self.record(number)
        if not record.nodes or record.nodes[-1][1] != node:
            first = epoch + 1 if epoch in record.values else epoch
            self._trial(number).set_user_attr("nodes", [*record.nodes, (first, node)])

    def note_halved(self, number: int, epoch: int) -> None:
        """Remembers that a trial trains its batches half at a time, from an epoch on."""
        if not self.record(number).halved:
            self._trial(number).set_user_attr("halved", epoch)

    def tell(self, number: int, state: str, reason: str = "", *, infeasible: bool = False) -> None:
        """Ends a trial: COMPLETE with its best score, PRUNED, or FAIL. A trial that has ended stays as it is.

        What is infeasible is a constraint violated: the sampler turns away from points like that.
        """
        record = self.record(number)
        if record.ended:
            return
        if infeasible:
            self._trial(number).set_constraint(MEMORY, 1.0)
        if reason:
            self._trial(number).set_user_attr("reason", reason)
        self._live.pop(number, None)
        value = max(record.values.values()) if state == "COMPLETE" else None
        with _quiet():
            self._study.tell(number, value, TrialState[state])

    def records(self) -> list[TrialRecord]:
        """All trials, in the order of their numbers."""
        return [self._ended.get(frozen.number) or self._read(frozen) for frozen in self._frozen()]

    def record(self, number: int) -> TrialRecord:
        """One trial."""
        return self._ended.get(number) or self._read(self._frozen()[number])

    def best(self) -> TrialRecord | None:
        """The trial with the best epoch of all, of any state but FAIL; None before the first epoch."""
        return best_of(self.records())

    def _read(self, frozen: FrozenTrial) -> TrialRecord:
        record = _record(frozen)
        if record.ended:
            self._ended[record.number] = record
        return record

    def _draw(self, trial: optuna.Trial) -> tuple[int, dict[str, Value]]:
        parameters = self._space(trial)
        trial.set_user_attr("parameters", parameters)
        self._live[trial.number] = trial
        return trial.number, parameters

    def _trial(self, number: int) -> optuna.Trial:
        if number not in self._live:
            self._live[number] = optuna.Trial(self._study, self._frozen()[number]._trial_id)
        return self._live[number]

    def _frozen(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)


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
        if not self._journal.exists():
            return []
        with _quiet():
            if self._storage is None:
                self._storage = JournalStorage(JournalFileBackend(str(self._journal), lock_obj=_HeldBySweep()))
            if not self._storage.get_all_studies():
                return []
            return [_record(frozen) for frozen in optuna.load_study(study_name=_STUDY, storage=self._storage).trials]


def read_records(journal: Path) -> list[TrialRecord]:
    """The trials of a study, without writing to it: its sweep may be running."""
    return StudyReader(journal).records()


class _SeenByTPE(optuna.Study):
    """The study as its sampler sees it: a trial that still runs or waits counts with what it has reported.

    Otherwise Optuna's constant liar would take a trial that waits for its promotion, or leads, for a bad one. A failed
    trial is not seen, unless a constraint says that it failed for its parameters: of infeasible points TPE keeps away.
    """

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        trials = super()._get_trials(deepcopy, None, use_cache)
        seen = [_as_pruned(trial) if _counts(trial) else trial for trial in trials]
        return [trial for trial in seen if states is None or trial.state in states]


def _counts(trial: FrozenTrial) -> bool:
    infeasible = trial.state == TrialState.FAIL and MEMORY in trial.constraints
    return infeasible or (trial.state == TrialState.RUNNING and bool(trial.intermediate_values))


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    seen = copy.copy(trial)
    seen.state = TrialState.PRUNED
    return seen


def _record(frozen: FrozenTrial) -> TrialRecord:
    attributes = frozen.user_attrs
    metrics = {int(k.removeprefix("epoch ")): v for k, v in attributes.items() if k.startswith("epoch ")}
    finished = frozen.datetime_complete.timestamp() if frozen.datetime_complete else None
    if frozen.state == TrialState.PRUNED and metrics:
        finished = metrics[max(metrics)]["time"]  # it waited at its rung until the sweep was over
    return TrialRecord(
        number=frozen.number,
        state=_STATES[frozen.state],
        parameters=attributes.get("parameters", {}),
        values=dict(frozen.intermediate_values),
        metrics=metrics,
        reason=attributes.get("reason", ""),
        started=frozen.datetime_start.timestamp() if frozen.datetime_start else 0.0,
        finished=finished,
        halved=int(attributes.get("halved", 0)),
        nodes=tuple((int(epoch), str(node)) for epoch, node in attributes.get("nodes", ())),
    )


def _drop_torn_line(journal: Path) -> None:
    """A full disk or a power cut may leave half a line, to which the next one would be glued."""
    if not journal.exists():
        return
    text = journal.read_bytes()
    if text and not text.endswith(b"\n"):
        with journal.open("r+b") as file:
            file.truncate(text.rfind(b"\n") + 1)


def _sampler(seed: int, startup: int) -> TPESampler:
    """A sampler of its own for each trial: with one for all, a resumed sweep would draw its first trials again."""
    with _quiet():
        return TPESampler(seed=seed, n_startup_trials=startup, multivariate=True, group=True)


class _HeldBySweep(BaseJournalFileLock):
    """No lock a write: the sweep's folder is locked for the whole life of its process, and a kill releases that."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None: ...


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's notes about experimental arguments and about each trial told."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            yield
        finally:
            optuna.logging.set_verbosity(verbosity)
