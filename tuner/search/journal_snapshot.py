"""A study in one line for each trial, beside its journal, so that a large one is opened in less time.

The journal has some 25 lines a trial and stays whole: the snapshot only stands for its first bytes, whose checksum it
has. One that is missing, torn, damaged or of another journal is ignored, and the journal is read instead. So a kill at
any moment, also while it is written, costs nothing but time. (Optuna's own snapshots are pickles, which can run code.)
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from optuna.distributions import distribution_to_json
from optuna.storages import BaseStorage
from optuna.storages.journal._storage import JournalOperation
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial

from tuner.core.files import write_atomic

SUFFIX = ".snapshot"
LEAST = 10_000_000
"""Bytes of a journal below which it is read in a second."""
GROWTH = 1.25
"""How many times as large the journal becomes before it gets a new snapshot."""
_CHUNK = 1 << 24
Log = dict[str, Any]


class Snapshot(NamedTuple):
    """What stands for the first bytes of a journal."""

    covers: int
    """Those bytes."""
    logs: list[Log]
    """Changes that come to the same, in the journal's format."""


def read_snapshot(journal: Path) -> Snapshot | None:
    """That of a journal; None if it has none that fits it."""
    try:
        head, _, body = journal.with_name(journal.name + SUFFIX).read_bytes().partition(b"\n")
        facts = json.loads(head)
        if zlib.crc32(body) != facts["crc"] or _checksum(journal, facts["covers"]) != facts["journal"]:
            return None
        logs = json.loads(b"[" + body.replace(b"\n", b",") + b"]")  # at once, so that equal keys are one object
        return Snapshot(facts["covers"], logs)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_snapshot(journal: Path, storage: BaseStorage) -> None:
    """Writes that of a journal, of which the storage has read all.

    Raises:
        OSError: it cannot be written.
    """
    covers = journal.stat().st_size
    lines = [json.dumps(log, separators=(",", ":")).encode() for log in _logs(storage)]
    body = b"\n".join(lines)
    facts = {"covers": covers, "journal": _checksum(journal, covers), "crc": zlib.crc32(body)}

    def write(file: IO[bytes]) -> None:
        file.write(json.dumps(facts).encode() + b"\n" + body)

    write_atomic(journal.with_name(journal.name + SUFFIX), write)


def _checksum(journal: Path, size: int) -> int | None:
    """That of the first bytes of a file; None if it has not so many."""
    checksum, left = 0, size
    with journal.open("rb") as file:
        while left > 0:
            chunk = file.read(min(_CHUNK, left))
            if not chunk:
                return None
            checksum, left = zlib.crc32(chunk, checksum), left - len(chunk)
    return checksum


def _logs(storage: BaseStorage) -> Iterator[Log]:
    """Changes that come to what a storage has."""
    for study in storage.get_all_studies():
        yield from _of_study(study)
        for trial in storage.get_all_trials(study._study_id, deepcopy=False):
            yield _of_trial(trial, study._study_id)


def _of_study(study: FrozenStudy) -> Iterable[Log]:
    directions = [direction.value for direction in study.directions]
    yield _log(JournalOperation.CREATE_STUDY, study_name=study.study_name, directions=directions)
    for key, value in study.user_attrs.items():
        yield _log(JournalOperation.SET_STUDY_USER_ATTR, study_id=study._study_id, user_attr={key: value})
    for key, value in study.system_attrs.items():
        yield _log(JournalOperation.SET_STUDY_SYSTEM_ATTR, study_id=study._study_id, system_attr={key: value})


def _of_trial(trial: FrozenTrial, study: int) -> Log:
    times = {"datetime_start": _text(trial.datetime_start)}
    if trial.datetime_complete is not None:
        times["datetime_complete"] = _text(trial.datetime_complete)
    kinds = trial.distributions
    return _log(
        JournalOperation.CREATE_TRIAL,
        study_id=study,
        state=trial.state.value,
        value=None,
        values=trial.values,
        distributions={name: distribution_to_json(kind) for name, kind in kinds.items()},
        params={name: kinds[name].to_internal_repr(value) for name, value in trial.params.items()},
        user_attrs=trial.user_attrs,
        system_attrs=trial.system_attrs,
        intermediate_values=trial.intermediate_values,
        **times,
    )


def _log(operation: JournalOperation, **fields: Any) -> Log:
    return {"op_code": operation.value, "worker_id": "", **fields}


def _text(when: datetime | None) -> str | None:
    """In UTC, as Optuna writes it."""
    return None if when is None else when.astimezone(UTC).isoformat(timespec="microseconds")
