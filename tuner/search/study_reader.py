"""Reading a sweep's Optuna study, also while another process writes it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, TrialState

from tuner.core.exploit import Exploit
from tuner.core.records import TrialRecord
from tuner.search.journal import Journal

STUDY = "sweep"
KEPT = "kept"  # among an epoch's metrics: the epoch whose weights were kept until then
EXPLOITS = "exploits"  # a trial's: see `TrialRecord.exploits`
GENERATION = "generation"  # the study's: the last epoch after which trials took over from others
SPENT = "spent"  # the study's attribute with the seconds of each run of a search that has a time budget
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

    def records(self) -> list[TrialRecord]:
        """The trials so far, in the order of their numbers; none when the study has not begun."""
        study = self._study()
        return [to_record(frozen) for frozen in study.trials] if study else []

    def spent(self) -> tuple[float, ...]:
        """Seconds that each run of the search has taken, if it has a time budget."""
        study = self._study()
        return tuple(study.user_attrs.get(SPENT, ())) if study else ()

    def _study(self) -> optuna.Study | None:
        if not self._journal.exists():
            return None
        with quiet_optuna():
            if self._storage is None:
                self._storage = open_journal(self._journal)
            if not self._storage.get_all_studies():
                return None
            return optuna.load_study(study_name=STUDY, storage=self._storage)


def read_records(journal: Path) -> list[TrialRecord]:
    """The trials of a study, without writing to it: its sweep may be running."""
    return StudyReader(journal).records()


def open_journal(path: Path) -> JournalStorage:
    """The storage of a study, created if it is missing."""
    return JournalStorage(Journal(path))


def to_record(frozen: FrozenTrial) -> TrialRecord:
    """Converts a trial of Optuna."""
    attributes = frozen.user_attrs
    noted = {int(k.removeprefix("epoch ")): v for k, v in attributes.items() if k.startswith("epoch ")}
    metrics = {epoch: {k: v for k, v in values.items() if k != KEPT} for epoch, values in noted.items()}
    exploits = tuple(Exploit.from_json(each) for each in attributes.get(EXPLOITS, ()))
    record = TrialRecord(
        number=frozen.number,
        state=_STATES[frozen.state],
        parameters=dict(exploits[-1].after) if exploits else attributes.get("parameters", {}),
        exploits=exploits,
        values=dict(frozen.intermediate_values),
        metrics=metrics,
        kept={epoch: int(values[KEPT]) for epoch, values in noted.items() if KEPT in values},
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
    """Silences Optuna's notes about experimental arguments and about each finished trial."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            yield
        finally:
            optuna.logging.set_verbosity(verbosity)
