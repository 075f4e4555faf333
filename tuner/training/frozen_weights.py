"""The frozen weights of a sweep's trials: kept once beside their checkpoints, which hold the rest.

Where only the head of a pretrained network is trained, all trials have the same other weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from tuner.training.checkpoint import read_latest
from tuner.training.tensor_files import read_tensors, write_tensors

_whole: set[Path] = set()  # files that this process has read or written
KEY = "frozen"  # of a checkpoint: stands for the weights that it lacks; empty where it is whole


def frozen_file(folder: Path, digest: str) -> Path:
    """The file of the weights that this stands for, in the folder of the checkpoints of all trials."""
    return folder / f"frozen-{digest[:16]}.safetensors"


def keep_frozen(folder: Path, digest: str, weights: Mapping[str, Tensor]) -> None:
    """Writes the file, unless it is there and undamaged. Raises OSError where the disk refuses it."""
    path = frozen_file(folder, digest)
    if path in _whole and path.exists():
        return
    if read_tensors(path) is None:
        write_tensors(path, weights)
    _whole.add(path)


def read_whole(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """As `read_latest` of a trial's folder, with the frozen weights that its checkpoint lacks."""
    state, damage = read_latest(folder)
    if state is None or not state.get(KEY):
        return state, damage
    path = frozen_file(folder.parent, state[KEY])
    frozen = read_tensors(path)
    if frozen is None:
        return None, f"{path} is {'damaged' if path.exists() else 'missing'}"
    for part in ("model", "best_weights"):
        if state[part]:
            state[part] = {**frozen, **state[part]}
    return {**state, KEY: ""}, damage
