"""The file of a sweep's study: one line of JSON per change, with a checksum that detects damage.

Optuna's own backend of the same format reads it, and so does optuna-dashboard: for them the checksum is one more key.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from optuna.storages.journal import BaseJournalBackend

from tuner.core.errors import TunerError
from tuner.search.journal_snapshot import read_snapshot

_SEAL = re.compile(rb',"crc":"([0-9a-f]{8})"}$')
_SEAL_BYTES = 19  # with the end of the line
_BLOCK = 1 << 16


class Journal(BaseJournalBackend):
    """Written only by the process that holds the sweep, so writes need no lock. Any process may read it."""

    def __init__(self, path: Path) -> None:
        """Creates the file if it does not exist."""
        self._path = path
        self._read = (0, 0)  # lines that have been read, and their bytes
        self.snapshot_bytes = 0
        """How many of these bytes were read from a snapshot."""
        if not path.exists():
            path.touch()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Writes all lines or, if the disk is full, none: half a line would spoil the lines that come after it.

        Raises:
            OSError: the lines could not be written; the error names the file.
        """
        self._append(map(sealed, logs))

    def _append(self, lines: Iterable[bytes]) -> None:
        try:
            with self._path.open("ab", buffering=0) as file:
                before = file.tell()
                try:
                    _write(file.fileno(), b"".join(lines))
                except OSError:
                    file.truncate(before)
                    raise
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The changes from a line on, counted from 0. An incomplete last line is skipped: it is still being written.

        Raises:
            TunerError: a line before the last is damaged.
        """
        if log_number_from == 0 and (snapshot := read_snapshot(self._path)):
            self._read = len(snapshot.logs), snapshot.covers  # its changes count in place of those that it stands for
            self.snapshot_bytes = snapshot.covers
            yield from snapshot.logs
            log_number_from = len(snapshot.logs)
        number, offset = self._read if self._read[0] <= log_number_from else (0, 0)
        with self._path.open("rb") as file:
            file.seek(offset)
            lines = list(file)
        for index, (line, log) in enumerate(zip(lines, _all_opened(lines), strict=True)):
            if log is None and index == len(lines) - 1:
                return
            if log is None:
                raise TunerError(
                    f"{self._path} is damaged in line {number + 1}: restore a backup, or start a new sweep"
                )
            number, offset = number + 1, offset + len(line)
            self._read = number, offset
            if number > log_number_from:
                yield log


def drop_torn_line(path: Path) -> bool:
    """Removes an incomplete last line, as left by a full disk or a power cut. Returns whether there was one."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        line = _last_line(file)
        size = file.seek(0, os.SEEK_END)
    if not line or _opened(line) is not None:
        return False
    with path.open("r+b") as file:
        file.truncate(size - len(line))
        os.fsync(file.fileno())
    return True


def _last_line(file: IO[bytes]) -> bytes:
    """The last line of a file, with its end if it has one; the lines before it are not read."""
    found, begin = b"", file.seek(0, os.SEEK_END)
    while begin and b"\n" not in found[:-1]:
        begin, end = max(0, begin - _BLOCK), begin
        file.seek(begin)
        found = file.read(end - begin) + found
    return found[found.rfind(b"\n", 0, len(found) - 1) + 1 :] if found else found


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


def sealed(log: dict[str, Any]) -> bytes:
    """A change as a line of the file."""
    body = json.dumps(log, separators=(",", ":")).encode()[:-1]
    return body + f',"crc":"{zlib.crc32(body):08x}"}}\n'.encode()


def _all_opened(lines: list[bytes]) -> list[dict[str, Any] | None]:
    """The contents of lines, see `_opened`. They are parsed at once if all are whole: that takes half the time."""
    if all(map(_is_sealed, lines)):
        with suppress(ValueError):
            logs: list[dict[str, Any] | None] = json.loads(b"[" + b",".join(lines) + b"]")
            if len(logs) == len(lines):
                return logs
    return list(map(_opened, lines))


def _is_sealed(line: bytes) -> bool:
    """Whether a line has a checksum, and that is right."""
    body, seal = line[:-_SEAL_BYTES], line[-_SEAL_BYTES:]
    return seal == b',"crc":"%08x"}\n' % zlib.crc32(body)


def _opened(line: bytes) -> dict[str, Any] | None:
    """The content of a line; None if it is incomplete or damaged. Lines of earlier versions have no checksum."""
    body = line.removesuffix(b"\n")
    seal = _SEAL.search(body)
    if body == line or (seal and zlib.crc32(body[: seal.start()]) != int(seal[1], 16)):
        return None
    try:
        log = json.loads(body.decode())
    except ValueError:
        return None
    return log if isinstance(log, dict) else None
