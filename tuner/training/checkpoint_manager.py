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

DOWNLOADED_FILE = "kept.pt"  # what the storage had when the trial came to this node
IN_USE_MARK, NOT_UPLOADED_MARK = (
    "live",
    "unkept",
)  # mark folders: the worker that has the trial now; the storage lacks its checkpoint


AT_ONCE: Sequence[float] = ()
PATIENT = (1.0, 2.0, 3.0)  # seconds between attempts to keep what others wait for
INSISTENT = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # and to bring what a trial goes on from
T = TypeVar("T")


class CheckpointSync:
    """Keeps the checkpoints of a trial, and brings them to the node that it goes on on."""

    def __init__(self, storage: CheckpointStorage, folder: Path) -> None:
        """The trial's folder on this node is called like its number."""
        self._storage = storage
        self._folder = folder
        self._number = int(folder.name)

    def bring(self) -> str:
        """Puts what is kept of the trial into its folder, as KEPT. Returns why it could not; empty when it could."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / IN_USE_MARK).write_text(str(os.getpid()))
        try:
            retry_after_pauses(partial(self._storage.get, self._number, self._folder / DOWNLOADED_FILE), INSISTENT)
        except Exception as error:
            return f"the storage of checkpoints does not answer ({one_line(error)})"
        return ""

    def keep(self, epoch: int, pauses: Sequence[float]) -> None:
        """Keeps an epoch's checkpoint. A storage that is away costs no trial; it is asked again after these pauses."""
        (self._folder / NOT_UPLOADED_MARK).touch()
        with suppress(Exception):
            retry_after_pauses(partial(self._storage.put, self._number, epoch, self._folder / CHECKPOINT_FILE), pauses)
            (self._folder / NOT_UPLOADED_MARK).unlink()
            self._keep_others()

    def _keep_others(self) -> None:
        """Keeps what other trials have left on this node; where they have come further elsewhere, that stays theirs."""
        for mark in self._folder.parent.glob(f"*/{NOT_UPLOADED_MARK}"):
            folder = mark.parent
            if _is_in_use(folder):
                continue
            with suppress(Exception):  # it may be damaged, and others are not
                epoch, file = latest_checkpoint(folder)
                self._storage.put(int(folder.name), epoch, file)
                if not _is_in_use(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    """Whether a worker has the trial: it has written its process id, and has not been killed."""
    try:
        os.kill(int((folder / IN_USE_MARK).read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def release_folder(folder: Path) -> None:
    """A trial leaves this node, at least for now. Its folder goes, unless the storage lacks what is in it."""
    (folder / IN_USE_MARK).unlink(missing_ok=True)
    if not (folder / NOT_UPLOADED_MARK).exists():
        shutil.rmtree(folder, ignore_errors=True)


def retry_after_pauses(action: Callable[[], T], pauses: Sequence[float]) -> T:
    """Does something, once more after each of these pauses while it fails. Raises what the last attempt raises."""
    for pause in pauses:
        try:
            return action()
        except Exception:
            time.sleep(pause)
    return action()


NEXT_FILE = "next.pt"
MOST_OF_TIME = 0.05  # saving takes at most this share of a trial's time


class CheckpointManager:
    """Saves a training: always when asked to, else as often as costs little time."""

    def __init__(self, folder: Path, storage: CheckpointStorage | None = None, *, writes: bool = True) -> None:
        """The file lies in `folder`, which is called like its trial; with a storage, a copy of it is kept there.

        One process of those that train a trial together writes it, and all read it.
        """
        self._path = folder / CHECKPOINT_FILE
        self._keeper = CheckpointSync(storage, folder) if storage else None
        self._writes = writes
        self._saved_epoch = 0
        self._due = time.monotonic()
        self._notes: list[str] = []
        self._told = False

    def take_notes(self) -> list[str]:
        """What went wrong since the last time, without keeping the trial from going on; a line each."""
        notes, self._notes = self._notes, []
        return notes

    def restore(self, training: Training) -> bool:
        """Brings the training to its last good checkpoint. False when there is none."""
        trouble = [self._keeper.bring()] if self._keeper else []
        state, damage = self._newest()
        trouble = [each for each in (*trouble, damage) if each]
        if trouble:
            epoch = f"its checkpoint of epoch {state['metrics']['epoch']}" if state else "its first epoch"
            self._notes.append(f"{'; '.join(trouble)}: it goes on from {epoch}")
        if state is None:
            return False
        training.load_state_dict(state)
        self._saved_epoch = training.epoch
        return True

    def _newest(self) -> tuple[dict[str, Any] | None, str]:
        """The last good checkpoint, and what is damaged. This node may have had the trial before others had it."""
        state, damage = read_latest(self._path.parent)
        kept, more = read_latest(self._path.parent, (DOWNLOADED_FILE,))
        newer = kept and (state is None or kept["metrics"]["epoch"] > state["metrics"]["epoch"])
        return kept if newer else state, "; ".join(filter(None, (damage, more)))

    def save(self, training: Training, *, now: bool) -> None:
        """Saves the training unless that epoch is saved already; when not `now`, only if it is time to.

        Raises:
            UnsavedError: it must be saved `now`, and the disk of all trials does not take it.
        """
        started = time.monotonic()
        wanted = self._writes and (now or started >= self._due)
        if training.epoch == self._saved_epoch or not wanted:
            return
        try:
            self._write(training)
            if self._keeper:
                last = training.epoch == training.epochs  # nothing is kept after it
                self._keeper.keep(training.epoch, INSISTENT if last else PATIENT if now else AT_ONCE)
            self._saved_epoch, self._told = training.epoch, False
        except OSError as error:
            if now and not self._keeper:
                raise UnsavedError(describe_disk_error(error)) from error
            if not self._told:  # there may be room at the next
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
    """A checkpoint that is needed and cannot be written: why, in a line."""
