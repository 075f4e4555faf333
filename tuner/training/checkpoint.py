"""The file of a checkpoint: read without unpickling anything, and not believed when a disk has damaged it."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from tuner.core.errors import one_line

CHECKPOINT_FILE, PREVIOUS_FILE = "checkpoint.pt", "previous.pt"
_DAMAGE = (
    *(OSError, RuntimeError, EOFError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(pickle.UnpicklingError, zipfile.BadZipFile, zlib.error),
)


class DamagedError(Exception):
    """A checkpoint file that cannot be read: a disk has lost some of it."""


def read_latest(
    folder: Path, names: Sequence[str] = (CHECKPOINT_FILE, PREVIOUS_FILE)
) -> tuple[dict[str, Any] | None, str]:
    """The last checkpoint in a folder, or the one before it when that is damaged or was just being replaced.

    And what is damaged, in a line; empty when nothing is.
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
    """The epoch and the file of the newest checkpoint in a folder, without a look at its weights.

    Raises:
        DamagedError: there is none, or none that is good.
    """
    for name in (CHECKPOINT_FILE, PREVIOUS_FILE):
        with suppress(*_DAMAGE):
            state = torch.load(folder / name, map_location="cpu", weights_only=True, mmap=True)
            return int(state["metrics"]["epoch"]), folder / name
    raise DamagedError(f"{folder} has no good checkpoint")


def latest_epoch(folder: Path) -> int:
    """That of the newest checkpoint in a folder; 0 when there is none."""
    with suppress(DamagedError):
        return latest_checkpoint(folder)[0]
    return 0


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The `Training.state_dict` in a checkpoint file, on the CPU. Tensors, numbers, strings: nothing is unpickled.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedError: it is not a whole checkpoint.
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
        raise DamagedError(f"{path} is damaged: {', '.join(sorted(missing))} is not there")
    return state


def _check_sums(path: Path) -> None:
    """Raises ValueError when a part is not what was written: torch writes checksums and does not look at them."""
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
    if bad is not None:
        raise ValueError(f"the checksum of {bad} does not fit")
