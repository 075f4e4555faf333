"""Tells in lines of JSON how the sweeps of a folder stand, and what changes: another machine shows them.

The other end is `sweeps.mirror`. A line is one of these:

    {"names": [NAME, ...]}                     all sweeps; those of before that are missing are gone
    {"sweep": NAME, "file": PATH, "at": 0, "data": TEXT, "last": true, "time": NS}    a piece of a file
    {"sweep": NAME, "file": PATH, "gone": true}
    {"sweep": NAME, "locks": [PATH, ...]}      those of its locks that are held
    {"now": SECONDS}                           all has been told that was there at that moment
"""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tuner.core.sweep_folder import SweepFolder, known_sweep, sweep_names
from tuner.sweeps.lock import is_locked
from tuner.sweeps.state_files import NO_FILE, FileState, journals, locks, state_files, state_of

PIECE = 1 << 20  # bytes of a file in a line, before they are packed
LOOK_S, SHARE = 1.0, 4  # between two looks; and so many times as long as a look takes
BEAT_S = 10.0  # between two lines at least
Line = dict[str, Any]
_PARTS = (".html", ".png", ".json")  # of a report


class Changes:
    """What was told so far, so that only what is new is told."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._names: list[str] | None = None
        self._files: dict[str, dict[str, FileState]] = {}
        self._locks: dict[str, list[str]] = {}

    def look(self) -> Iterator[Line]:
        """The lines about what has changed, the newest sweeps first."""
        names = sweep_names(self._home)
        if names != self._names:
            for known in (self._files, self._locks):
                for gone in known.keys() - set(names):
                    known.pop(gone)
            self._names = names
            yield {"names": names}
        for name in reversed(names):
            try:
                yield from self._of(SweepFolder(self._home / name))
            except OSError:  # it is being deleted, or may not be read
                continue

    def _of(self, folder: SweepFolder) -> Iterator[Line]:
        """A sweep's locks are looked at before its files: what a process writes before it ends is told before."""
        held = [each.name for each in locks(folder) if is_locked(each)]
        files = {each: state_of(each) for each in state_files(folder)}
        known = self._files.setdefault(folder.name, {})
        for path, state in files.items():
            word = _word(path, folder)
            before = known.get(word, NO_FILE)
            if state != before:
                yield from self._file(folder, path, state, before)
                known[word] = state
        if held != self._locks.get(folder.name):
            self._locks[folder.name] = held
            yield {"sweep": folder.name, "locks": held}

    def _file(self, folder: SweepFolder, path: Path, state: FileState, before: FileState) -> Iterator[Line]:
        if state == NO_FILE:
            yield {"sweep": folder.name, "file": _word(path, folder), "gone": True}
        elif path == folder.report_page:  # it is large, and sent when somebody opens it
            yield _piece(folder, path, 0, b"", state)
        else:
            grown = path in journals(folder) and state[0] == before[0] and state[1] > before[1]
            yield from _pieces(folder, path, state, before[1] if grown else 0)


def report_lines(home: Path, name: str) -> Iterator[Line]:
    """The files of a sweep's report. Raises TunerError when there is no such sweep."""
    known_sweep(name, home)
    folder = SweepFolder(home / name)
    for path in sorted(folder.report.iterdir()) if folder.report.is_dir() else ():
        if path.suffix in _PARTS and path.is_file() and not path.is_symlink():
            yield from _pieces(folder, path, state_of(path), 0)


def tell(home: Path, say: Callable[[Line], object], seconds: float) -> None:
    """Tells everything, and what changes, for so long."""
    changes, until, said = Changes(home), time.monotonic() + seconds, 0.0
    while (began := time.monotonic()) < until:
        now, count = time.time(), 0
        for line in changes.look():
            count += 1
            say(line)
        if count or time.monotonic() > said + BEAT_S:
            said = time.monotonic()
            say({"now": now})
        time.sleep(max(LOOK_S, SHARE * (time.monotonic() - began)))


def _pieces(folder: SweepFolder, path: Path, state: FileState, at: int) -> Iterator[Line]:
    """The bytes from `at` to the end, as it was when the state was taken."""
    with path.open("rb") as file:
        file.seek(at)
        while True:
            found = file.read(min(PIECE, state[1] - at))
            yield _piece(folder, path, at, found, state, last=at + len(found) >= state[1] or not found)
            at += len(found)
            if at >= state[1] or not found:
                return


def _piece(folder: SweepFolder, path: Path, at: int, found: bytes, state: FileState, *, last: bool = True) -> Line:
    data = base64.b64encode(zlib.compress(found)).decode() if found else ""
    word = _word(path, folder)
    return {"sweep": folder.name, "file": word, "at": at, "data": data, "last": last, "time": state[2]}


def _word(path: Path, folder: SweepFolder) -> str:
    return path.relative_to(folder.path).as_posix()
