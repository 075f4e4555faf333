"""A sweep's folder while it is being deleted: out of the way of its name, and there until the rest is gone.

    .deleting/UID/plan.json     what was asked for
    .deleting/UID/NAME/         the sweep's folder, moved here in one step

Whoever is killed meanwhile leaves such a folder. `tuner rm NAME` finds it and goes on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tuner.core.errors import TunerError
from tuner.core.files import write_atomic

DELETING_FOLDER = ".deleting"
_PLAN = "plan.json"


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """A sweep that is being deleted."""

    path: Path
    """The folder `.deleting/UID`."""
    name: str
    keep_model: bool
    """Whether its registered models are kept."""

    @property
    def folder(self) -> Path:
        """The sweep's folder."""
        return self.path / self.name

    @classmethod
    def begin(cls, folder: Path, uid: str, *, keep_model: bool) -> Deletion:
        """Moves a sweep's folder here: it is no sweep any more. Raises TunerError when it cannot be moved."""
        path = folder.parent / DELETING_FOLDER / uid
        plan = json.dumps({"name": folder.name, "keep_model": keep_model})
        try:
            write_atomic(path / _PLAN, lambda file: file.write(plan.encode()))
            folder.rename(path / folder.name)
        except OSError as error:
            raise TunerError(f"{folder} cannot be deleted: {error.strerror}") from None
        return cls(path=path, name=folder.name, keep_model=keep_model)

    def end(self) -> None:
        """Deletes the folder. Raises TunerError when a part of it cannot be deleted."""
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            shutil.rmtree(self.path)
        except OSError as error:
            raise TunerError(f"{error.filename or self.folder} cannot be deleted: {error.strerror}") from None
        with suppress(OSError):  # there are others
            self.path.parent.rmdir()


def unfinished_deletions(home: Path, name: str | None = None) -> Iterator[Deletion]:
    """The sweeps, or those of this name, whose deletion has begun and is not at its end."""
    for file in sorted((home / DELETING_FOLDER).glob(f"*/{_PLAN}")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            plan = json.loads(file.read_text(encoding="utf-8"))
            found = Deletion(path=file.parent, name=str(plan["name"]), keep_model=bool(plan["keep_model"]))
            if found.folder.is_dir() and name in (None, found.name):
                yield found
