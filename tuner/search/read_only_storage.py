"""A study's storage for programs that look at it: whatever they want to change is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage

from tuner.search.journal import Journal
from tuner.search.quick_reading import quick_reading
from tuner.search.study_reader import quiet_optuna


class ReadOnlyError(RuntimeError):
    """The study is only looked at."""


class _ReadOnlyJournal(Journal):
    def append_logs(self, logs: list[dict[str, Any]]) -> None:  # noqa: ARG002 - none is taken
        """Refuses: only the process that runs a sweep writes to its study."""
        raise ReadOnlyError("the study is only looked at here: nothing is written to it")


def read_only_storage(journal: Path) -> JournalStorage:
    """The storage of the study in this file, which follows what its sweep writes."""
    with quiet_optuna(), quick_reading():
        return JournalStorage(_ReadOnlyJournal(journal))
