"""When a trial's checkpoint is written, restored, and sent to storage beyond its node."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from tuner.core.errors import describe_disk_error, one_line
from tuner.core.files import write_atomic
from tuner.training.checkpoint import CHECKPOINT_FILE, PREVIOUS_FILE, latest_checkpoint, read_latest
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.loop import Training

DOWNLOADED_FILE = "kept.pt"  # the copy in the storage when the trial came to this node
IN_USE_MARK, NOT_UPLOADED_MARK = (
    "live",
    "unkept",
)  # files that mark a trial: a worker has it now; its checkpoint is not in the storage


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

    def bring(self) -> str:
        """Fetches the trial's stored checkpoint, if any, as KEPT. Returns why that failed; empty if it did not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / IN_USE_MARK).write_text(str(os.getpid()))
        try:
            retry_after_pauses(partial(self._storage.get, self._number, self._folder / DOWNLOADED_FILE), INSISTENT)
        except Exception as error:
            return f"the storage of checkpoints does not answer ({one_line(error)})"
        return ""

    def keep(self, epoch: int, pauses: Sequence[float]) -> None:
        """Stores an epoch's checkpoint, trying again after these pauses. If that fails, it stays on this node."""
        (self._folder / NOT_UPLOADED_MARK).touch()
        with suppress(Exception):
            retry_after_pauses(partial(self._storage.put, self._number, epoch, self._folder / CHECKPOINT_FILE), pauses)
            (self._folder / NOT_UPLOADED_MARK).unlink()
            self._keep_others()

    def _keep_others(self) -> None:
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


NEXT_FILE = "next.pt"
MOST_OF_TIME = 0.05  # saving takes at most this share of a trial's time


class CheckpointManager:
    """Saves the state of a training: always when it must, otherwise as often as costs little time."""

    def __init__(self, folder: Path, storage: CheckpointStorage | None = None, *, writes: bool = True) -> None:
        """`folder` is named after its trial and holds the file; a `storage` gets a copy of it.

        When several processes train a trial together, one of them `writes` the file, and all read it.
        """
        self._path = folder / CHECKPOINT_FILE
        self._keeper = CheckpointSync(storage, folder) if storage else None
        self._writes = writes
        self._saved_epoch = 0
        self._due = time.monotonic()
        self._notes: list[str] = []
        self._told = False

    def take_notes(self) -> list[str]:
        """What went wrong since the last call without stopping the trial; one line each."""
        notes, self._notes = self._notes, []
        return notes

    def restore(self, training: Training) -> bool:
        """Loads the last good checkpoint into the training. Returns False if there is none."""
        trouble = [self._keeper.bring()] if self._keeper else []
        state, damage = self._newest()
        trouble = [each for each in (*trouble, damage) if each]
        if trouble:
            epoch = f"its checkpoint of epoch {state['metrics']['epoch']}" if state else "its first epoch"
            self._notes.append(f"{'; '.join(trouble)}: it restarts from {epoch}")
        if state is None:
            return False
        training.load_state_dict(state)
        self._saved_epoch = training.epoch
        return True

    def _newest(self) -> tuple[dict[str, Any] | None, str]:
        """The newest good checkpoint, and what is damaged.

        The file on this node is older than the stored copy if the trial has run on another node since.
        """
        state, damage = read_latest(self._path.parent)
        kept, more = read_latest(self._path.parent, (DOWNLOADED_FILE,))
        newer = kept and (state is None or kept["metrics"]["epoch"] > state["metrics"]["epoch"])
        return kept if newer else state, "; ".join(filter(None, (damage, more)))

    def save(self, training: Training, *, now: bool) -> None:
        """Saves the training unless its epoch is saved already; without `now`, only if the next save is due.

        Raises:
            UnsavedError: it must be saved `now`, but the disk of the sweep's folder refuses it.
        """
        started = time.monotonic()
        wanted = self._writes and (now or started >= self._due)
        if training.epoch == self._saved_epoch or not wanted:
            return
        try:
            self._write(training)
            if self._keeper:
                last = training.epoch == training.epochs  # no later checkpoint will be stored
                self._keeper.keep(training.epoch, INSISTENT if last else PATIENT if now else AT_ONCE)
            self._saved_epoch, self._told = training.epoch, False
        except OSError as error:
            if now and not self._keeper:
                raise UnsavedError(describe_disk_error(error)) from error
            if not self._told:  # there may be room for a later epoch
                self._notes.append(f"epoch {training.epoch} is not saved: {describe_disk_error(error)}")
            self._told = True
        finished = time.monotonic()
        self._due = finished + (finished - started) / MOST_OF_TIME

    def _write(self, training: Training) -> None:
        write_atomic(self._path.with_name(NEXT_FILE), lambda file: torch.save(training.state_dict(), file))
        if self._path.exists():
            self._path.replace(self._path.with_name(PREVIOUS_FILE))
        self._path.with_name(NEXT_FILE).replace(self._path)


class UnsavedError(Exception):
    """A checkpoint that is needed cannot be written; the message says why in one line."""
