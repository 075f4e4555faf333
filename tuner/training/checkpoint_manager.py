"""When a trial's checkpoint is written and restored: a file that is replaced as a whole, and the one before it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch

from tuner.core.errors import describe_disk_error
from tuner.core.files import write_atomic
from tuner.training.checkpoint import CHECKPOINT_FILE, PREVIOUS_FILE, can_go_on, read_latest
from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.checkpoint_sync import AT_ONCE, DOWNLOADED_FILE, INSISTENT, PATIENT, CheckpointSync
from tuner.training.frozen_weights import keep_frozen
from tuner.training.loop import Training

NEXT_FILE = "next.pt"
MOST_OF_TIME = 0.05  # saving takes at most this share of a trial's time


class CheckpointManager:
    """Saves the state of a training: always when it must, otherwise as often as costs little time."""

    def __init__(self, folder: Path, storage: CheckpointStorage | None = None, *, writes: bool = True) -> None:
        """`folder` is named after its trial and holds the file; a `storage` gets a copy of it.

        When several processes train a trial together, one of them `writes` the file, and all read it.
        """
        self._path = folder / CHECKPOINT_FILE
        self._sync = CheckpointSync(storage, folder) if storage else None
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
        """Loads the last good checkpoint into the training. Returns False if there is none to go on from."""
        trouble = [self._sync.download()] if self._sync else []
        state, damage = self._newest()
        trouble = [each for each in (*trouble, damage) if each]
        if trouble:
            epoch = f"its checkpoint of epoch {state['metrics']['epoch']}" if state else "its first epoch"
            self._notes.append(f"{'; '.join(trouble)}: it restarts from {epoch}")
        if state is None or not can_go_on(state):
            return False
        training.load_state_dict(state)
        self._saved_epoch = training.epoch
        return True

    def _newest(self) -> tuple[dict[str, Any] | None, str]:
        """The newest good checkpoint, and what is damaged.

        The file on this node is older than the stored copy if the trial has run on another node since.
        """
        state, damage = read_latest(self._path.parent)
        downloaded, more = read_latest(self._path.parent, (DOWNLOADED_FILE,))
        newer = downloaded and (state is None or downloaded["metrics"]["epoch"] > state["metrics"]["epoch"])
        return downloaded if newer else state, "; ".join(filter(None, (damage, more)))

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
            if self._sync:
                last = training.epoch == training.epochs  # no later checkpoint will be stored
                self._sync.upload(training.epoch, INSISTENT if last else PATIENT if now else AT_ONCE)
            self._saved_epoch, self._told = training.epoch, False
        except OSError as error:
            if now and not self._sync:
                raise UnsavedError(describe_disk_error(error)) from error
            if not self._told:  # there may be room for a later epoch
                self._notes.append(f"epoch {training.epoch} is not saved: {describe_disk_error(error)}")
            self._told = True
        finished = time.monotonic()
        self._due = finished + (finished - started) / MOST_OF_TIME

    def _write(self, training: Training) -> None:
        whole = self._sync is not None or not training.frozen  # a storage has no place for what trials share
        if not whole:
            keep_frozen(self._path.parent.parent, training.frozen, training.weights(trained=False))
        state = training.state_dict(whole=whole)
        write_atomic(self._path.with_name(NEXT_FILE), lambda file: torch.save(state, file))
        if self._path.exists():
            self._path.replace(self._path.with_name(PREVIOUS_FILE))
        self._path.with_name(NEXT_FILE).replace(self._path)


class UnsavedError(Exception):
    """A checkpoint that is needed cannot be written; the message says why in one line."""
