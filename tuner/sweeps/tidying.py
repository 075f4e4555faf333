"""What a finished sweep does not keep: of its trials' checkpoints all but the weights that later commands compare.

`tuner resume --trials` compares the best trial with the default, with the best of each model and with the finalists. No
trial that has ended is ever trained further: with `--max-epochs` its point is trained anew.
"""

from __future__ import annotations

from contextlib import suppress

from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.training.checkpoint import keep_weights_alone


def tidy_checkpoints(folder: SweepFolder, records: list[TrialRecord]) -> None:
    """Leaves of the checkpoints of ended trials the weights that were kept. What cannot be written stays as it is."""
    for record in records:
        place = checkpoint_folder(folder.trials, record.number)
        if record.ended and place.is_dir():
            with suppress(OSError):  # a full disk: it costs disk space, and no sweep
                keep_weights_alone(place)
