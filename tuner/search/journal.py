"""The file of a sweep's study: a line of JSON for each change, with a checksum: damage is seen and not believed.

Optuna's own backend of the same format reads it, and so does optuna-dashboard: for them the checksum is one more key.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from tuner.core.errors import TunerError

_SEAL = re.compile(rb',"crc":"([0-9a-f]{8})"}$')


class Journal(BaseJournalBackend):
    """Written by the process that holds the sweep alone, so there is no lock a write; read by any."""

    def __init__(self, path: Path) -> None:
        """Makes the file when it is not there."""
        self._path = path
        self._read = (0, 0)  # so many lines are so many bytes
        if not path.exists():
            path.touch()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Writes all of the lines or, on a disk that is full, none: half a line would spoil those that come after it.

        Raises:
            OSError: they could not be written; it names the file.
        """
        try:
            with self._path.open("ab", buffering=0) as file:
                before = file.tell()
                try:
                    _write(file.fileno(), b"".join(map(_sealed, logs)))
                except OSError:
                    file.truncate(before)
                    raise
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The changes from a line on, counted from 0. A last line that is not whole is still being written.

        Raises:
            TunerError: a line before the last is damaged.
        """
        number, offset = self._read if self._read[0] <= log_number_from else (0, 0)
        with self._path.open("rb") as file:
            file.seek(offset)
            lines = list(file)
        for index, line in enumerate(lines):
            log = _opened(line)
            if log is None and index == len(lines) - 1:
                return
            if log is None:
                raise TunerError(
                    f"{self._path} is damaged in line {number + 1}: bring back a copy, or begin a new sweep"
                )
            number, offset = number + 1, offset + len(line)
            self._read = number, offset
            if number > log_number_from:
                yield log


def drop_torn_line(path: Path) -> bool:
    """Takes away a last line that is not whole: a full disk or a power cut may leave one. Whether there was one."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        lines = list(file)
    if not lines or _opened(lines[-1]) is not None:
        return False
    with path.open("r+b") as file:
        file.truncate(sum(map(len, lines[:-1])))
        os.fsync(file.fileno())
    return True


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


def _sealed(log: dict[str, Any]) -> bytes:
    body = json.dumps(log, separators=(",", ":")).encode()[:-1]
    return body + f',"crc":"{zlib.crc32(body):08x}"}}\n'.encode()


def _opened(line: bytes) -> dict[str, Any] | None:
    """What a line holds; None when it is not whole. Those of earlier versions have no checksum."""
    body = line.removesuffix(b"\n")
    seal = _SEAL.search(body)
    if body == line or (seal and zlib.crc32(body[: seal.start()]) != int(seal[1], 16)):
        return None
    try:
        log = json.loads(body)
    except ValueError:
        return None
    return log if isinstance(log, dict) else None
