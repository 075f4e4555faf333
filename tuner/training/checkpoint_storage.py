"""Where the trials of a cluster keep their checkpoints, so that they can resume on another node: no disk is shared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self
from uuid import uuid4

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError, one_line
from tuner.core.files import write_atomic

CHUNK = 1 << 22  # bytes


class CheckpointStorage(Protocol):
    """Holds a file for each trial. Goes to every worker, so it carries no connection and no password."""

    def put(self, number: int, epoch: int, file: Path) -> None:
        """Stores a trial's file of an epoch, and removes those of earlier epochs. A file of a later epoch stays.

        A node that hung and was taken for dead may wake up when its trial has long been resumed elsewhere.
        """

    def get(self, number: int, file: Path) -> bool:
        """Fetches a trial's file of the last epoch. Returns False when there is none."""

    def clear(self) -> None:
        """Deletes the files of all trials."""

    def within(self, name: str) -> CheckpointStorage:
        """A storage of its own in this one, for trials with numbers of their own. `clear` deletes it too."""


@dataclass(frozen=True)
class UriStorage:
    """A folder named by a URI: file:, s3:, gs:, hdfs:, whatever pyarrow supports. Credentials are those of the node."""

    uri: str

    @classmethod
    def of(cls, config: SweepConfig) -> Self | None:
        """The storage of a sweep; None when none was requested."""
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

    def put(self, number: int, epoch: int, file: Path) -> None:
        """Writes a file beside it and moves that into place, so that a reader finds the old one or the new one."""
        files, folder = self._open()
        files.create_dir(folder, recursive=True)
        new = f"{folder}/{uuid4().hex}.new"
        with file.open("rb") as source, files.open_output_stream(new) as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
        files.move(new, f"{folder}/{file_name(number, epoch)}")
        for name in earlier_names(self._names(files, folder), number, epoch):
            with suppress(OSError):  # a leftover costs disk space, but no trial
                files.delete_file(f"{folder}/{name}")

    def get(self, number: int, file: Path) -> bool:
        """See Storage."""
        files, folder = self._open()
        name = last_name(self._names(files, folder), number)
        if name is None:
            return False
        with files.open_input_stream(f"{folder}/{name}") as source:
            write_atomic(file, lambda into: [into.write(chunk) for chunk in iter(lambda: source.read(CHUNK), b"")])
        return True

    def within(self, name: str) -> UriStorage:
        """See Storage."""
        return UriStorage(f"{self.uri}/{name}")

    def clear(self) -> None:
        """See Storage."""
        files, folder = self._open()
        with suppress(FileNotFoundError):
            files.delete_dir(folder)

    def _names(self, files: Any, folder: str) -> list[str]:
        from pyarrow.fs import FileSelector  # noqa: PLC0415

        return [found.base_name for found in files.get_file_info(FileSelector(folder, allow_not_found=True))]

    def _open(self) -> tuple[Any, str]:
        from pyarrow.fs import FileSystem  # noqa: PLC0415 - most sweeps need none

        files, folder = FileSystem.from_uri(self.uri)
        return files, folder.rstrip("/")


def file_name(number: int, epoch: int) -> str:
    """What a storage calls the file of a trial's epoch."""
    return f"{number:04d}-{epoch:06d}.pt"


def last_name(names: Iterable[str], number: int) -> str | None:
    """The name of a trial's last file among those of a storage; None when it has none."""
    return max((name for name in names if name.startswith(f"{number:04d}-")), default=None)


def earlier_names(names: Iterable[str], number: int, epoch: int) -> list[str]:
    """The names of a trial's files of earlier epochs."""
    return [name for name in names if name.startswith(f"{number:04d}-") and name < file_name(number, epoch)]


def scratch_folder(uid: str) -> Path:
    """A folder on this node for the trials of a sweep whose checkpoints are kept elsewhere."""
    return Path(tempfile.gettempdir()) / f"tuner-{uid}"
