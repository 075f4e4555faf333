"""The trials of a study by their numbers, without a look at all of them for each draw."""

from __future__ import annotations

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

RENEWED = 100  # trials after which all are read once more: one by one takes longer for many


class DrawnTrials:
    """Trials as they were when they had been drawn. Their points never change, so that they are read once."""

    def __init__(self, storage: BaseStorage, study_id: int) -> None:
        self._storage = storage
        self._study_id = study_id
        self._read: list[FrozenTrial] = []
        self._ids: dict[int, int] = {}

    def drawn(self, number: int) -> FrozenTrial:
        """A trial with its point. Its state may be that of before."""
        if number >= len(self._read) + RENEWED:
            self._read = self._storage.get_all_trials(self._study_id, deepcopy=False)
        if number < len(self._read) and "parameters" in self._read[number].user_attrs:
            return self._read[number]
        return self.now(number)

    def now(self, number: int) -> FrozenTrial:
        """A trial as it is now."""
        if number not in self._ids:
            self._ids[number] = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        return self._storage.get_trial(self._ids[number])
