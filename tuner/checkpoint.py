"""A trial's checkpoint: a file, replaced as a whole, read without unpickling anything; and the one before it."""

from __future__ import annotations

import pickle
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from tuner.errors import one_line
from tuner.files import write_atomic
from tuner.fit import Training
from tuner.storage import Storage

FILE = "checkpoint.pt"
PREVIOUS, NEXT = "previous.pt", "next.pt"
TRIES = 4  # to bring a checkpoint, or to keep one that others wait for
MOST_OF_TIME = 0.05  # saving takes at most this share of a trial's time


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

    def restore(self, training: Training) -> bool:
        """Brings the training to its last good checkpoint. False when there is none."""
        if self._storage and not self._bring(self._storage):
            return False
        state = read_good(self._path.parent)
        if state is None:
            return False
        training.load_state_dict(state)
        self._saved_epoch = training.epoch
        return True

    def save(self, training: Training, *, now: bool) -> None:
        """Saves the training unless that epoch is saved already; when not `now`, only if it is time to."""
        started = time.monotonic()
        wanted = self._writes and (now or started >= self._due)
        if training.epoch == self._saved_epoch or not wanted:
            return
        write_atomic(self._path.with_name(NEXT), lambda file: torch.save(training.state_dict(), file))
        if self._path.exists():
            self._path.replace(self._path.with_name(PREVIOUS))
        self._path.with_name(NEXT).replace(self._path)
        if self._storage:
            self._keep(self._storage, tries=TRIES if now else 1)
        self._saved_epoch = training.epoch
        finished = time.monotonic()
        self._due = finished + (finished - started) / MOST_OF_TIME

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


def read_good(folder: Path) -> dict[str, Any] | None:
    """The last checkpoint in a folder, or the one before it when that is damaged or was just being replaced."""
    for name in (FILE, PREVIOUS):
        with suppress(FileNotFoundError, DamagedError):
            return read(folder / name)
    return None


def read(path: Path) -> dict[str, Any]:
    """The `Training.state_dict` in a checkpoint file, on the CPU. Tensors, numbers, strings: nothing is unpickled.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedError: it is not a whole checkpoint.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        missing = {"model", "optimizer", "metrics", "best_weights"} - set(state)
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError, EOFError, ValueError, TypeError, AttributeError, pickle.UnpicklingError) as error:
        raise DamagedError(f"{path} is damaged: {one_line(error)}") from None
    if missing:
        raise DamagedError(f"{path} is damaged: {', '.join(sorted(missing))} is not there")
    return state
