"""A trial's checkpoint: a file, replaced as a whole, read without unpickling anything; and the one before it."""

from __future__ import annotations

import pickle
import time
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from tuner.disk import words
from tuner.errors import one_line
from tuner.files import write_atomic
from tuner.fit import Training
from tuner.storage import Storage

FILE = "checkpoint.pt"
PREVIOUS, NEXT = "previous.pt", "next.pt"
TRIES = 4  # to bring a checkpoint, or to keep one that others wait for
MOST_OF_TIME = 0.05  # saving takes at most this share of a trial's time
_DAMAGE = (
    *(OSError, RuntimeError, EOFError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(pickle.UnpicklingError, zipfile.BadZipFile, zlib.error),
)


def checkpoint_folder(trials_folder: Path, number: int) -> Path:
    """Where a trial's checkpoint lies."""
    return trials_folder / f"{number:04d}"


class Checkpoints:
    """Saves a training: always when asked to, else as often as costs little time."""

    def __init__(self, folder: Path, storage: Storage | None = None, *, writes: bool = True) -> None:
        """The file lies in `folder`, which is called like its trial; with a storage, a copy of it is kept there.

        One process of those that train a trial together writes it, and all read it.
        """
        self._path = folder / FILE
        self._storage = storage
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
        if self._storage and not self._bring(self._storage):
            return False
        state, damage = read_good(self._path.parent)
        if damage:
            epoch = f"its checkpoint of epoch {state['metrics']['epoch']}" if state else "its first epoch"
            self._notes.append(f"{damage}: it goes on from {epoch}")
        if state is None:
            return False
        training.load_state_dict(state)
        self._saved_epoch = training.epoch
        return True

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
            if self._storage:
                self._keep(self._storage, tries=TRIES if now else 1)
            self._saved_epoch, self._told = training.epoch, False
        except OSError as error:
            if now and not self._storage:
                raise UnsavedError(words(error)) from error
            if not self._told:  # there may be room at the next
                self._notes.append(f"epoch {training.epoch} is not saved: {words(error)}")
            self._told = True
        finished = time.monotonic()
        self._due = finished + (finished - started) / MOST_OF_TIME

    def _write(self, training: Training) -> None:
        write_atomic(self._path.with_name(NEXT), lambda file: torch.save(training.state_dict(), file))
        if self._path.exists():
            self._path.replace(self._path.with_name(PREVIOUS))
        self._path.with_name(NEXT).replace(self._path)

    def _bring(self, storage: Storage) -> bool:
        """A storage that does not answer costs a trial its epochs, which the study knows already, and not its life."""
        for wait in range(TRIES):
            try:
                return storage.get(int(self._path.parent.name), self._path)
            except Exception:
                time.sleep(wait)
        return False

    def _keep(self, storage: Storage, tries: int) -> None:
        """A storage that does not answer costs no trial: what it has is older, and is replaced in time."""
        for wait in range(tries):
            try:
                storage.put(int(self._path.parent.name), self._path)
                return
            except Exception:
                time.sleep(wait)


class DamagedError(Exception):
    """A checkpoint file that cannot be read: a disk has lost some of it."""


class UnsavedError(Exception):
    """A checkpoint that is needed and cannot be written: why, in a line."""


def read_good(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """The last checkpoint in a folder, or the one before it when that is damaged or was just being replaced.

    And what is damaged, in a line; empty when nothing is.
    """
    damage: list[str] = []
    for name in (FILE, PREVIOUS):
        try:
            return read(folder / name), "; ".join(damage)
        except DamagedError as error:
            damage.append(str(error))
        except FileNotFoundError:
            pass
    return None, "; ".join(damage)


def latest_epoch(folder: Path) -> int:
    """The epoch of the newest checkpoint in a folder, without a look at its weights; 0 when there is none."""
    for name in (FILE, PREVIOUS):
        with suppress(*_DAMAGE):
            return int(torch.load(folder / name, map_location="cpu", weights_only=True, mmap=True)["metrics"]["epoch"])
    return 0


def read(path: Path) -> dict[str, Any]:
    """The `Training.state_dict` in a checkpoint file, on the CPU. Tensors, numbers, strings: nothing is unpickled.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedError: it is not a whole checkpoint.
    """
    try:
        _check_sums(path)
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        missing = {"model", "optimizer", "metrics", "best_weights"} - set(state)
    except FileNotFoundError:
        raise
    except _DAMAGE as error:
        raise DamagedError(f"{path} is damaged: {one_line(error)}") from None
    if missing:
        raise DamagedError(f"{path} is damaged: {', '.join(sorted(missing))} is not there")
    return state


def _check_sums(path: Path) -> None:
    """Raises ValueError when a part is not what was written: torch writes checksums and does not look at them."""
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
    if bad is not None:
        raise ValueError(f"the checksum of {bad} does not fit")
