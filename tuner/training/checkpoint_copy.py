"""A trial goes on from the checkpoint of another one, as population based training wants it."""

from __future__ import annotations

from pathlib import Path

import torch

from tuner.core.files import write_atomic
from tuner.core.sweep_folder import checkpoint_folder
from tuner.training.checkpoint import CHECKPOINT_FILE, PREVIOUS_FILE, read_latest


def adopt_checkpoint(folder: Path, donor: int, member: int, epoch: int) -> str:
    """Copies the checkpoint that a trial wrote after an epoch to another trial.

    Which weights were kept before is not copied: they are the donor's. The member keeps epochs of its own from the next
    one on. No worker may have either of the two trials.

    Args:
        folder: that of the checkpoints of all trials.
        donor: the number of the trial that is copied.
        member: that of the one that gets the copy.
        epoch: after which both stand.

    Returns:
        Why there is nothing to copy, in one line; empty when it is copied.
    """
    state, damage = read_latest(checkpoint_folder(folder, donor))
    if state is None or state["metrics"]["epoch"] != epoch:
        return damage or f"its checkpoint of epoch {epoch} is missing"
    state |= {"best_metrics": None, "best_weights": {}, "peak": 0.0}
    place = checkpoint_folder(folder, member)
    place.mkdir(parents=True, exist_ok=True)
    write_atomic(place / CHECKPOINT_FILE, lambda file: torch.save(state, file))
    (place / PREVIOUS_FILE).unlink(missing_ok=True)  # it is not of these weights
    return ""
