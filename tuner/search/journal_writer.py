"""Writing a sweep's study: what belongs together reaches the disk at once, and is not read back from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage

from tuner.search.journal import Journal, sealed
from tuner.search.journal_snapshot import GROWTH, LEAST, write_snapshot


class JournalWriter(Journal):
    """The journal of the process that holds the sweep. Nobody else writes to it, so it knows what it has written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._known: int | None = None  # the lines before those of `_recent`; None until the file has been read
        self._recent: list[dict[str, Any]] = []
        self._pending: list[bytes] = []  # lines that the storage has read, and that are not in the file yet
        self._held = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is appended in this block is written at its end: one wait for the disk, and a kill finds all or none.

        Raises:
            OSError: it could not be written. It is kept, and written before whatever is appended next.
        """
        if self._held:
            yield
            return
        self._held = True
        try:
            yield
        finally:
            self._held = False
            if self._pending:
                self._write_pending()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """See Journal.append_logs, and `together`."""
        if self._known is None:
            super().append_logs(logs)
            return
        lines = list(map(sealed, logs))
        if self._held:
            self._pending.extend(lines)
        else:
            self._append([*self._pending, *lines])
            self._pending.clear()
        self._recent.extend(map(json.loads, lines))

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """See Journal.read_logs. Only the first time the file is read."""
        if self._known is None:
            yield from super().read_logs(log_number_from)
            self._known = self._read[0]
            return
        recent = self._recent[log_number_from - self._known :]
        self._known, self._recent = log_number_from + len(recent), []
        yield from recent

    def keep_snapshot(self, storage: BaseStorage) -> None:
        """Writes a snapshot of the storage, if the journal has grown enough since the last one."""
        size = self._path.stat().st_size
        if self._held or self._pending or size < max(LEAST, GROWTH * self.snapshot_bytes):
            return  # what is not in the journal yet must not be in a snapshot of it
        self.snapshot_bytes = size
        with suppress(OSError):  # it saves time, and holds nothing that the journal does not hold
            write_snapshot(self._path, storage)

    def _write_pending(self) -> None:
        self._append(self._pending)
        self._pending.clear()
