"""Which ended trials keep their checkpoints, and the deletion of the others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from tuner.core.records import DEFAULT_TRIAL, TrialRecord, best_of
from tuner.core.sweep_folder import checkpoint_folder

Keeps = Callable[[Sequence[TrialRecord]], set[int]]
"""Of ended trials, the numbers of those whose checkpoints are kept."""


def only_best(records: Sequence[TrialRecord]) -> set[int]:
    """The number of the best trial: of a search, its checkpoint alone is needed after its end."""
    best = best_of(list(records))
    return set() if best is None else {best.number}


def best_and_default(records: Sequence[TrialRecord]) -> set[int]:
    """That of the best trial and that of the default configuration, which are compared at the end."""
    default = {record.number for record in records if record.number == DEFAULT_TRIAL and record.state != "FAIL"}
    return only_best(records) | default


def delete_checkpoints(folder: Path, records: Sequence[TrialRecord], keeps: Keeps = only_best) -> list[TrialRecord]:
    """Deletes the checkpoints of ended trials, all but those that are kept. Returns the trials that keep theirs."""
    ended = [record for record in records if record.ended]
    kept = keeps(ended)
    for number in {record.number for record in ended} - kept:
        shutil.rmtree(checkpoint_folder(folder, number), ignore_errors=True)
    return [record for record in ended if record.number in kept]
