"""A trial's checkpoint: a file, replaced as a whole, read without unpickling anything; and the one before it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch

from tuner.checkpoint_file import FILE, PREVIOUS, read_good
from tuner.disk import words
from tuner.files import write_atomic
from tuner.fit import Training
from tuner.keeping import AT_ONCE, INSISTENT, KEPT, PATIENT, Keeper
from tuner.storage import Storage

NEXT = "next.pt"
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
        self._keeper = Keeper(storage, folder) if storage else None
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
        state, damage = read_good(self._path.parent)
        kept, more = read_good(self._path.parent, (KEPT,))
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


class UnsavedError(Exception):
    """A checkpoint that is needed and cannot be written: why, in a line."""
