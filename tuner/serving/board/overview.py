"""The list of all sweeps: a look at it reads only those that have changed, and never for long."""

from __future__ import annotations

import time
from pathlib import Path
from threading import RLock

from tuner.core.errors import TunerError, printable
from tuner.core.sweep_folder import known_sweep, sweep_names
from tuner.serving.board.feed import Feed
from tuner.serving.board.rows import sweep_row
from tuner.serving.board.stamp import Stamp
from tuner.sweeps.sweep_reader import SweepReader

LOOK_S = 0.5  # of one look: what is not read by then is read by the next one
AGAIN_S = 10.0  # after which a sweep that runs is read again, though nothing was written: its time left changes


class Overview:
    """The rows of all sweeps in a home folder. What a finished sweep's study held is not kept in memory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.rows = Feed()
        self.complete = False
        """Whether each sweep has been read once."""
        self.lock = RLock()
        """Held by whoever reads studies: a reader is for one thread at a time."""
        self._readers: dict[str, tuple[Stamp, SweepReader]] = {}
        self._seen: dict[str, tuple[Stamp, float]] = {}

    def look(self, most: float = LOOK_S) -> None:
        """Reads what has changed, the newest sweeps first, and takes about `most` seconds at most."""
        names, until = sweep_names(self.home), time.monotonic() + most
        self.rows.keep(names)
        with self.lock:
            self._forget(set(names))
        stale = [(name, stamp) for name in reversed(names) if (stamp := self._changed(name))]
        self.complete = True
        for name, stamp in stale:
            if time.monotonic() > until:
                self.complete = False
                return
            self._read(name, stamp)

    def reader(self, name: str) -> SweepReader:
        """The reader of a sweep, the same as long as it runs. Raises TunerError when there is no such sweep.

        Used with the lock held.
        """
        known_sweep(name, self.home)
        stamp = Stamp.of(self.home / name)
        before = self._readers.get(name)
        if before is not None and before[0].config == stamp.config:
            return before[1]
        return SweepReader(name, self.home)

    def _changed(self, name: str) -> Stamp | None:
        """The stamp of a sweep that is to be read; None for one that is as it was."""
        stamp, before = Stamp.of(self.home / name), self._seen.get(name)
        late = before is not None and stamp.running and time.monotonic() > before[1] + AGAIN_S
        return stamp if before is None or before[0] != stamp or late else None

    def _read(self, name: str, stamp: Stamp) -> None:
        with self.lock:
            try:
                reader = self.reader(name)
                row = sweep_row(reader.status(), self.home / name)
            except TunerError as error:
                row = {"name": name, "damaged": printable(str(error))}
                reader = None
            except OSError:  # it is being deleted
                return
            if stamp.running and reader is not None:
                self._readers[name] = stamp, reader
            else:
                self._readers.pop(name, None)
        self._seen[name] = stamp, time.monotonic()
        self.rows.put(name, row)

    def _forget(self, names: set[str]) -> None:
        for known in (self._readers, self._seen):
            for name in known.keys() - names:
                known.pop(name)
