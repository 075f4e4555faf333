"""Sends a trial's checkpoints to storage beyond its node, and fetches them where the trial resumes.

The storage may not answer for a while. A checkpoint that could not be sent stays on the node, and is sent as soon as
the storage answers a worker there again.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from tuner.core.errors import one_line
from tuner.training.checkpoint import CHECKPOINT_FILE, latest_checkpoint
from tuner.training.checkpoint_storage import CheckpointStorage

DOWNLOADED_FILE = "kept.pt"  # the copy in the storage when the trial came to this node
IN_USE_MARK = "live"  # a file that marks a trial's folder: a worker has the trial now
NOT_UPLOADED_MARK = "unkept"  # the same: its checkpoint is not in the storage
AT_ONCE: Sequence[float] = ()
PATIENT = (1.0, 2.0, 3.0)  # seconds between attempts to store a checkpoint that others wait for
INSISTENT = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # and to fetch the one that a trial resumes from
T = TypeVar("T")


class CheckpointSync:
    """Stores the checkpoints of a trial, and fetches them to the node on which it resumes."""

    def __init__(self, storage: CheckpointStorage, folder: Path) -> None:
        """`folder` is the trial's folder on this node, named after its number."""
        self._storage = storage
        self._folder = folder
        self._number = int(folder.name)

    def download(self) -> str:
        """Fetches the stored checkpoint, if any, as DOWNLOADED_FILE. Returns why that failed; empty if it did not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / IN_USE_MARK).write_text(str(os.getpid()))
        try:
            retry_after_pauses(partial(self._storage.get, self._number, self._folder / DOWNLOADED_FILE), INSISTENT)
        except Exception as error:
            return f"the storage of checkpoints does not answer ({one_line(error)})"
        return ""

    def upload(self, epoch: int, pauses: Sequence[float]) -> None:
        """Stores an epoch's checkpoint, trying again after these pauses. If that fails, it stays on this node."""
        (self._folder / NOT_UPLOADED_MARK).touch()
        with suppress(Exception):
            retry_after_pauses(partial(self._storage.put, self._number, epoch, self._folder / CHECKPOINT_FILE), pauses)
            (self._folder / NOT_UPLOADED_MARK).unlink()
            self._upload_others()

    def _upload_others(self) -> None:
        """Stores checkpoints that other trials have left here; newer ones that they stored elsewhere stay valid."""
        for mark in self._folder.parent.glob(f"*/{NOT_UPLOADED_MARK}"):
            folder = mark.parent
            if _is_in_use(folder):
                continue
            with suppress(Exception):  # a damaged one must not stop the others
                epoch, file = latest_checkpoint(folder)
                self._storage.put(int(folder.name), epoch, file)
                if not _is_in_use(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    """Whether a worker has the trial: it has written its process id here and still runs."""
    try:
        os.kill(int((folder / IN_USE_MARK).read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def release_folder(folder: Path) -> None:
    """Called when a trial leaves this node. Deletes its folder, unless its checkpoint is not in the storage yet."""
    (folder / IN_USE_MARK).unlink(missing_ok=True)
    if not (folder / NOT_UPLOADED_MARK).exists():
        shutil.rmtree(folder, ignore_errors=True)


def retry_after_pauses(action: Callable[[], T], pauses: Sequence[float]) -> T:
    """Calls `action`, again after each of these pauses while it fails. Raises the error of the last attempt."""
    for pause in pauses:
        try:
            return action()
        except Exception:
            time.sleep(pause)
    return action()
