"""Reading a sweep's Optuna study, also while another process writes it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, TrialState

from tuner.core.exploit import Exploit
from tuner.core.objective import PLAIN, Goal
from tuner.core.records import TrialRecord
from tuner.core.target_kind import CLASSES, TASKS
from tuner.search.journal import Journal
from tuner.search.quick_reading import quick_reading

STUDY = "sweep"
EPOCH = "epoch "  # a trial's attribute with all metrics of an epoch, whose number follows
KEPT = "kept"  # among an epoch's metrics: the epoch whose weights were kept until then
MEASURED = "measured"  # a trial's attribute: what was measured before its first epoch, and on what
GOAL = "goal"  # the study's attribute with objectives and constraints; without it, the goal of every sweep is PLAIN
OWN_METRICS = "own"  # the third word of it where the metrics are those of a user's own code
EXPLOITS = "exploits"  # a trial's: see `TrialRecord.exploits`
GENERATION = "generation"  # the study's: the last epoch after which trials took over from others
SPENT = "spent"  # the study's attribute with the seconds of each run of a search that has a time budget
GPU_SPENT = "gpu_spent"  # and the GPU-seconds of each run of one with GPUs
ENDED_BY = "ended_by"  # and what ended the search: the name of a budget, or see `core.budgets`
_STATES = {
    TrialState.RUNNING: "RUNNING",
    TrialState.WAITING: "RUNNING",
    TrialState.COMPLETE: "COMPLETE",
    TrialState.PRUNED: "PRUNED",
    TrialState.FAIL: "FAIL",
}


class StudyReader:
    """A study that another process may be writing. Each call reads only what is new in the journal."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._storage: JournalStorage | None = None
        self._known: list[tuple[FrozenTrial, TrialRecord]] = []
        self._goal = PLAIN

    def records(self) -> list[TrialRecord]:
        """The trials so far, in the order of their numbers; none when the study has not begun.

        A trial that has not changed since the call before is the same object: nobody may change what is in it.
        """
        study = self._study()
        if study is None:
            return []
        goal = goal_of(study)
        known = self._known if goal == self._goal else []
        frozen = study.get_trials(deepcopy=False)  # the storage makes a new object of a trial that changes
        pairs = zip(frozen, known, strict=False)
        same = ((record if now is before else to_record(now, goal)) for now, (before, record) in pairs)
        records = [*same, *(to_record(now, goal) for now in frozen[len(known) :])]
        self._known, self._goal = list(zip(frozen, records, strict=True)), goal
        return records

    def spent(self, kind: str = SPENT) -> tuple[float, ...]:
        """Seconds that each run of the search has taken, if it has a time budget; GPU-seconds with GPU_SPENT."""
        study = self._study()
        return tuple(study.user_attrs.get(kind, ())) if study else ()

    def ended_by(self) -> str:
        """What ended the search; empty while it goes on, and in a study of an earlier version."""
        study = self._study()
        return str(study.user_attrs.get(ENDED_BY, "")) if study else ""

    def _study(self) -> optuna.Study | None:
        if not self._journal.exists():
            return None
        with quiet_optuna(), quick_reading():
            if self._storage is None:
                self._storage = JournalStorage(Journal(self._journal))
            if not self._storage.get_all_studies():
                return None
            return optuna.load_study(study_name=STUDY, storage=self._storage)


def read_records(journal: Path) -> list[TrialRecord]:
    """The trials of a study, without writing to it: its sweep may be running."""
    return StudyReader(journal).records()


def goal_of(study: optuna.Study) -> Goal:
    """What the trials of a study are compared by."""
    told = study.user_attrs.get(GOAL)
    if not told:
        return PLAIN
    task = next((each for each in told[2:] if each in TASKS), CLASSES.task)
    return Goal.parse(told[0], told[1], own=OWN_METRICS in told[2:], task=task)


def to_record(frozen: FrozenTrial, goal: Goal = PLAIN) -> TrialRecord:
    """Converts a trial of Optuna."""
    attributes = frozen.user_attrs
    metrics: dict[int, dict[str, float]] = {}
    kept: dict[int, int] = {}
    for key, value in attributes.items():
        if key.startswith(EPOCH):
            epoch = int(key[len(EPOCH) :])
            metrics[epoch] = values = dict(value)
            if (best := values.pop(KEPT, None)) is not None:
                kept[epoch] = int(best)
    measured = dict(attributes.get(MEASURED, {}))
    exploits = tuple(Exploit.from_json(each) for each in attributes.get(EXPLOITS, ()))
    record = TrialRecord(
        number=frozen.number,
        goal=goal,
        measured_on=measured.pop("on", ""),
        measured=measured,
        state=_STATES[frozen.state],
        parameters=dict(exploits[-1].after) if exploits else attributes.get("parameters", {}),
        exploits=exploits,
        values=dict(frozen.intermediate_values),
        metrics=metrics,
        kept=kept,
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
    waited = frozen.state == TrialState.PRUNED and metrics  # it waited for promotion until the sweep was over
    return replace(record, finished=record.latest if waited else max(record.finished, record.latest))


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silences Optuna's notes about experimental arguments and about each finished trial.

    By a filter: a change of the level would empty the caches of all loggers, which costs more than to store a report.
    """
    loud = [each for each in logging.getLogger("optuna").handlers if _errors_only not in each.filters]
    for handler in loud:
        handler.addFilter(_errors_only)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            yield
        finally:
            for handler in loud:
                handler.removeFilter(_errors_only)


def _errors_only(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR
