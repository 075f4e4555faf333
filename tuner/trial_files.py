"""What lies in the folder of a sweep's trials, beside what they write themselves."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tuner.checkpoint import checkpoint_folder
from tuner.files import write_atomic
from tuner.records import TrialRecord, best_of


def keep_details(folder: Path, number: int, details: str) -> None:
    """Writes what there is to know of a trial's failure beside its reason, such as a traceback."""
    path = folder / f"{number:04d}-error.txt"
    with suppress(OSError):  # without them the trial's reason is known all the same
        if details:
            write_atomic(path, lambda file: file.write(details.encode()))


def drop_checkpoints(folder: Path, records: Sequence[TrialRecord]) -> None:
    """Deletes the checkpoints of ended trials, all but the best one's."""
    ended = [record for record in records if record.ended]
    best = best_of(ended)
    for record in ended:
        if best is None or record.number != best.number:
            shutil.rmtree(checkpoint_folder(folder, record.number), ignore_errors=True)
