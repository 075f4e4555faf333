"""The checkpoint file: read without unpickling objects, and rejected if it is damaged."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from tuner.core.errors import one_line
from tuner.core.files import write_atomic
from tuner.training.checkpoint_outline import epoch_in, has_weights_alone

CHECKPOINT_FILE, PREVIOUS_FILE = "checkpoint.pt", "previous.pt"
_DAMAGE = (
    *(OSError, RuntimeError, EOFError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(pickle.UnpicklingError, zipfile.BadZipFile, zlib.error),
)


class DamagedError(Exception):
    """A checkpoint file cannot be read, because part of it is lost or changed."""


def read_latest(
    folder: Path, names: Sequence[str] = (CHECKPOINT_FILE, PREVIOUS_FILE)
) -> tuple[dict[str, Any] | None, str]:
    """The last checkpoint in a folder, or the one before it if the last is damaged or was just being replaced.

    The second value says what is damaged, in one line; it is empty if nothing is.
    """
    damage: list[str] = []
    for name in names:
        try:
            return read_checkpoint(folder / name), "; ".join(damage)
        except DamagedError as error:
            damage.append(str(error))
        except FileNotFoundError:
            pass
    return None, "; ".join(damage)


def latest_checkpoint(folder: Path) -> tuple[int, Path]:
    """The epoch and the file of the newest checkpoint in a folder, without reading its weights.

    Raises:
        DamagedError: there is no good checkpoint.
    """
    for name in (CHECKPOINT_FILE, PREVIOUS_FILE):
        with suppress(*_DAMAGE):
            return epoch_in(folder / name), folder / name
    raise DamagedError(f"{folder} has no good checkpoint")


def latest_epoch(folder: Path) -> int:
    """The epoch of the newest checkpoint in a folder; 0 if there is none."""
    with suppress(DamagedError):
        return latest_checkpoint(folder)[0]
    return 0


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The `Training.state_dict` in a checkpoint file, on the CPU. Only tensors, numbers and strings are read.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedError: the file is incomplete or damaged.
    """
    try:
        _check_sums(path)
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        missing = {"model", "optimizer", "metrics", "best_weights"} - set(state)
    except FileNotFoundError:
        raise
    except _DAMAGE as error:
        raise DamagedError(f"{path} is damaged: {one_line(error)}") from None
    if missing:
        raise DamagedError(f"{path} is damaged: it has no {', '.join(sorted(missing))}")
    return state


def keep_weights_alone(folder: Path) -> None:
    """Leaves of the checkpoints in a folder the weights that the trial kept, in the newest one: it cannot go on then.

    What the model and its optimizer had at the end is three quarters of a checkpoint. A damaged one stays as it is.
    """
    with suppress(Exception):  # what is damaged is looked at below
        if not (folder / PREVIOUS_FILE).exists() and has_weights_alone(folder / CHECKPOINT_FILE):
            return  # it was left so already
    state, _ = read_latest(folder)
    if state is None:
        return
    if state["model"] or state["optimizer"]:
        kept = {**state, "model": {}, "optimizer": {}, "average": None}
        write_atomic(folder / CHECKPOINT_FILE, lambda file: torch.save(kept, file))
    (folder / PREVIOUS_FILE).unlink(missing_ok=True)


def can_go_on(state: Mapping[str, Any]) -> bool:
    """Whether a training can go on from this checkpoint: see `keep_weights_alone`."""
    return bool(state["model"])


def _check_sums(path: Path) -> None:
    """Raises ValueError if a part does not match its checksum: torch writes checksums but does not verify them."""
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
    if bad is not None:
        raise ValueError(f"the checksum of {bad} does not match")
