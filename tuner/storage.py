"""Where trials of a cluster keep their checkpoints, so that they go on on another node: no disk is shared there."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from tuner.config import SweepConfig
from tuner.errors import TunerError, one_line
from tuner.files import write_atomic

CHUNK = 1 << 22  # bytes


class Storage(Protocol):
    """Holds a file for each trial. Goes to every worker, so it carries no connection and no password."""

    def put(self, number: int, file: Path) -> None:
        """Keeps a trial's file, in the place of an older one."""

    def get(self, number: int, file: Path) -> bool:
        """Brings a trial's file. False when there is none."""

    def clear(self) -> None:
        """Deletes the files of all trials."""


@dataclass(frozen=True)
class UriStorage:
    """A folder that a URI names: file:, s3:, gs:, hdfs:, whatever pyarrow knows. Credentials are those of the node."""

    uri: str

    @classmethod
    def of(cls, config: SweepConfig) -> Self | None:
        """That of a sweep; None when none was asked for."""
        return cls(f"{config.storage.rstrip('/')}/{config.name}-{config.uid[:8]}") if config.storage else None

    def check(self) -> None:
        """Raises TunerError when nothing can be written there."""
        try:
            files, folder = self._open()
            files.create_dir(folder, recursive=True)
            with files.open_output_stream(f"{folder}/.writable") as stream:
                stream.write(b"")
            files.delete_file(f"{folder}/.writable")
        except (OSError, ValueError) as error:
            raise TunerError(f"--storage {self.uri}: {one_line(error)}") from None

    def put(self, number: int, file: Path) -> None:
        """Written beside it and then moved, so that a reader finds the old one or the new one."""
        files, path = self._path(number)
        files.create_dir(path.rpartition("/")[0], recursive=True)
        with file.open("rb") as source, files.open_output_stream(f"{path}.new") as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
        files.move(f"{path}.new", path)

    def get(self, number: int, file: Path) -> bool:
        """See Storage."""
        files, path = self._path(number)
        try:
            with files.open_input_stream(path) as source:
                write_atomic(file, lambda into: [into.write(chunk) for chunk in iter(lambda: source.read(CHUNK), b"")])
        except FileNotFoundError:
            return False
        return True

    def clear(self) -> None:
        """See Storage."""
        files, folder = self._open()
        with suppress(FileNotFoundError):
            files.delete_dir(folder)

    def _path(self, number: int) -> tuple[Any, str]:
        files, folder = self._open()
        return files, f"{folder.rstrip('/')}/{number:04d}.pt"

    def _open(self) -> tuple[Any, str]:
        from pyarrow.fs import FileSystem  # noqa: PLC0415 - most sweeps need none

        files, folder = FileSystem.from_uri(self.uri)
        return files, folder


def scratch(uid: str) -> Path:
    """A folder of this node for the trials of a sweep that are kept elsewhere."""
    return Path(tempfile.gettempdir()) / f"tuner-{uid}"
