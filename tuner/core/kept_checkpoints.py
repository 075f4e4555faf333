"""Which ended trials keep their checkpoints, and the deletion of the others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from tuner.core.config import SweepConfig
from tuner.core.models_compared import best_of_models
from tuner.core.records import TrialRecord, best_of
from tuner.core.sweep_folder import checkpoint_folder

Keeps = Callable[[Sequence[TrialRecord]], set[int]]
"""Of ended trials, the numbers of those whose checkpoints are kept."""
KEPT_FOR_EACH = 3  # trials, for each model of an ensemble


def only_best(records: Sequence[TrialRecord]) -> set[int]:
    """The number of the best trial: of a search, its checkpoint alone is needed after its end."""
    best = best_of(list(records))
    return set() if best is None else {best.number}


def compared_at_end(config: SweepConfig) -> Keeps:
    """Those of the best trial, of the default configurations, and of the best of each model: they are compared."""

    def keeps(records: Sequence[TrialRecord]) -> set[int]:
        kept = {record.number for record in records if record.number < config.defaults and record.state != "FAIL"}
        if config.several:
            kept |= {record.number for record in best_of_models(config, records).values()}
        return only_best(records) | kept

    return keeps


def kept_for_ensemble(config: SweepConfig, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The best trials, as many as may become members of the ensemble that is asked for, the best first."""
    able = sorted((record for record in records if record.feasible), key=lambda each: each.best, reverse=True)
    return able[: KEPT_FOR_EACH * config.ensemble]


def with_ensemble(config: SweepConfig, keeps: Keeps) -> Keeps:
    """Keeps the checkpoints of these trials as well."""
    if not config.ensemble:
        return keeps
    return lambda records: keeps(records) | {record.number for record in kept_for_ensemble(config, records)}


def delete_checkpoints(folder: Path, records: Sequence[TrialRecord], keeps: Keeps = only_best) -> list[TrialRecord]:
    """Deletes the checkpoints of ended trials, all but those that are kept. Returns the trials that keep theirs."""
    ended = [record for record in records if record.ended]
    kept = keeps(ended)
    for number in {record.number for record in ended} - kept:
        shutil.rmtree(checkpoint_folder(folder, number), ignore_errors=True)
    return [record for record in ended if record.number in kept]
