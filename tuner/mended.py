"""What is put right in a sweep's folder before it goes on: what a kill, a full disk or a power cut may have left."""

from __future__ import annotations

import shutil
from pathlib import Path

from tuner.checkpoint_file import latest_epoch
from tuner.records import FILE as JOURNAL
from tuner.search import Study


def mended(study: Study, folder: Path) -> list[str]:
    """Makes the checkpoints fit the study. Says what was done, a line each.

    A study that a disk has cut short knows less than the checkpoints do. A trial that went on from such a one would
    lack the epochs between; and one with a number that the study gives again would begin with another's weights.
    """
    notes = [f"the last line of {folder / JOURNAL} was not whole, and is left out"] if study.torn else []
    known = {record.number: record for record in study.records()}
    for place in sorted((folder / "trials").glob("[0-9]*[0-9]")):
        record = known.get(int(place.name))
        if record is None or (not record.ended and latest_epoch(place) > record.epoch + 1):
            shutil.rmtree(place)
            notes.append(f"the study knows less of trial {int(place.name)} than its checkpoint: it begins again")
    return notes
