"""The states of a trial of a user's own code on a cluster without a shared disk: each goes to the storage, too."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from tuner.training.checkpoint_storage import CheckpointStorage
from tuner.training.checkpoint_sync import INSISTENT, NOT_UPLOADED_MARK, PATIENT, retry_after_pauses
from tuner.training.own_state import STATE_FILE, DamagedStateError, SavedState, saved_epoch
from tuner.training.own_trial import OwnStates

STORED_FOLDER = "stored"  # in the trial's folder: the copy in the storage when the trial came to this node


class StoredStates(OwnStates):
    """See above."""

    def __init__(self, folder: Path, storage: CheckpointStorage) -> None:
        """`folder` is the trial's on this node, named after its number."""
        super().__init__(folder / STATE_FILE)
        self._folder = folder
        self._storage = storage
        self._number = int(folder.name)

    def read(self) -> SavedState | None:
        """The newer one of that on this node and that in the storage."""
        stored = self._folder / STORED_FOLDER / STATE_FILE
        stored.parent.mkdir(parents=True, exist_ok=True)
        try:
            retry_after_pauses(partial(self._storage.get, self._number, stored), INSISTENT)
        except Exception as error:
            raise DamagedStateError(f"the storage of checkpoints does not answer ({error})") from None
        newer = saved_epoch(stored.parent) > saved_epoch(self._folder)
        return SavedState.read(stored) if newer else super().read()

    def write(self, saved: SavedState) -> None:
        """Writes it here and stores it. What cannot be stored now stays on this node, and the next one is tried."""
        super().write(saved)
        (self._folder / NOT_UPLOADED_MARK).touch()
        with suppress(Exception):
            put = partial(self._storage.put, self._number, saved.epoch, self._folder / STATE_FILE)
            retry_after_pauses(put, PATIENT)
            (self._folder / NOT_UPLOADED_MARK).unlink()
