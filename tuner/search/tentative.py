"""A trial of Optuna whose point is drawn first, and stored when it is decided that it is tried."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage


class TentativeTrial(optuna.Trial):
    """See above. What a sampler itself notes with the trial is stored at once, and again with the next drawing."""

    def __init__(self, study: optuna.Study, trial_id: int) -> None:
        """A point is begun: a sampler may prepare for it."""
        super().__init__(study, trial_id)
        self._held = _HeldValues(self.storage)
        self.storage = self._held  # type: ignore[assignment]
        self.begun = bool(self._cached_frozen_trial.params)
        """Whether a part of its point is stored already, which a kill of an earlier version has left."""

    def forget(self) -> None:
        """Takes the point back: a sampler sees the values of a trial that it is drawing as they come."""
        self._cached_frozen_trial.params.clear()
        self._cached_frozen_trial.distributions.clear()

    def keep(self) -> None:
        """Stores the point."""
        self._held.store()


class _HeldValues:
    """A storage, but for the values of parameters, which are held back."""

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage
        self._values: list[tuple[int, str, float, BaseDistribution]] = []

    def set_trial_param(self, trial_id: int, name: str, value: float, distribution: BaseDistribution) -> None:
        self._values.append((trial_id, name, value, distribution))

    def store(self) -> None:
        for each in self._values:
            self._storage.set_trial_param(*each)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)
