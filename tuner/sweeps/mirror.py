"""A folder with what the state of sweeps on another machine is read from, as `sweeps.changes` there tells it.

What reads the folders of sweeps reads this one, too. It has no checkpoints, models or data.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import zlib
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tuner.core.errors import TunerError
from tuner.core.sweep_folder import RESERVED, SweepFolder
from tuner.sweeps.changes import PIECE
from tuner.sweeps.state_files import journals, locks, state_files


class Mirror:
    """The folder. Its sweeps look as if they ran: this process holds their locks."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.now = 0.0
        """Up to which moment, by the other machine's clock, everything is here; 0 while not even once."""
        self._held: dict[tuple[str, str], IO[str]] = {}

    def hear(self, text: str) -> None:
        """Takes a line. One that is heard again changes nothing.

        Raises:
            TunerError: it is no such line, or names another file than those of a sweep's state.
        """
        try:
            line = json.loads(text)
            self._take(line)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, zlib.error) as error:
            raise TunerError(f"this is no line about sweeps: {text[:80]} ({error})") from None

    def close(self) -> None:
        """Gives the locks back."""
        for file in self._held.values():
            file.close()
        self._held.clear()

    def _take(self, line: dict[str, Any]) -> None:
        if "now" in line:
            self.now = float(line["now"])
        elif "names" in line:
            self._keep(set(line["names"]))
        elif "locks" in line:
            self._lock(_folder(self.home, line["sweep"]), set(line["locks"]))
        else:
            folder = _folder(self.home, line["sweep"])
            path = _path(folder, line["file"])
            if line.get("gone"):
                path.unlink(missing_ok=True)
            elif path == folder.report_page and not line["data"]:
                _mark(path, int(line["time"]))
            else:
                _write(path, line, grows=path in journals(folder))

    def _keep(self, names: set[str]) -> None:
        """Deletes the other sweeps."""
        for path in self.home.iterdir():
            if path.is_dir() and path.name not in names:
                self._lock(SweepFolder(path), set())
                shutil.rmtree(path, ignore_errors=True)

    def _lock(self, folder: SweepFolder, wanted: set[str]) -> None:
        """Holds these of its locks, and no other one."""
        for path in locks(folder):
            key = folder.name, path.name
            if path.name not in wanted and key in self._held:
                self._held.pop(key).close()
            elif path.name in wanted and key not in self._held:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._held[key] = path.open("a")
                fcntl.flock(self._held[key], fcntl.LOCK_EX)


def _folder(home: Path, name: str) -> SweepFolder:
    if PurePosixPath(name).name != name or name.startswith(".") or name in RESERVED:
        raise ValueError(f"{name!r} is no name of a sweep")
    return SweepFolder(home / name)


def _path(folder: SweepFolder, word: str) -> Path:
    """Where a file of a sweep is: one of its state, or of its report."""
    path = folder.path / word
    of_report = PurePosixPath(word).parent.as_posix() == folder.report.name and ".." not in word
    if path not in state_files(folder) and not of_report:
        raise ValueError(f"{word!r} is no file of a sweep's state")
    return path


def _mark(path: Path, when: int) -> None:
    """Leaves an empty file for one that is there, unless this very one is here already."""
    with suppress(FileNotFoundError):
        if path.stat().st_mtime_ns == when:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    os.utime(path, ns=(when, when))


def _write(path: Path, line: dict[str, Any], *, grows: bool) -> None:
    """A file that grows is written in its place; another one beside it, and renamed when it is whole."""
    data = zlib.decompressobj().decompress(base64.b64decode(line["data"]), PIECE) if line["data"] else b""
    place, at = path if grows else path.with_name(f".{path.name}"), int(line["at"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with place.open("ab+") as file:
        if not 0 <= at <= file.tell():
            raise ValueError(f"{place} does not reach to byte {at}")
        file.seek(at)
        if file.read(len(data)) != data:
            file.truncate(at)
            file.write(data)
        if line["last"]:
            file.truncate(at + len(data))
    if line["last"]:
        if place != path and path.exists() and path.read_bytes() == place.read_bytes():
            place.unlink()
        else:
            place.replace(path)
        os.utime(path, ns=(int(line["time"]), int(line["time"])))
