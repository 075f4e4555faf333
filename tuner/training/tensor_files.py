"""Files of tensors with a checksum, which are written as a whole and mapped into memory when they are read."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from tuner.core.files import write_atomic

_SUM = "crc32"


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes the tensors, completely or not at all. Raises OSError where the disk refuses them."""
    kept = {name: each.detach().cpu().contiguous() for name, each in tensors.items()}
    write_atomic(path, lambda file: save_file(kept, Path(file.name), {_SUM: str(_checksum(kept))}))


def read_tensors(path: Path) -> dict[str, Tensor] | None:
    """The tensors of a file, over memory that all processes share; None where it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            wanted = file.metadata()[_SUM]
        return found if str(_checksum(found)) == wanted else None
    except Exception:  # whatever is wrong with it, it is of no use
        return None


def _checksum(tensors: Mapping[str, Tensor]) -> int:
    found = 0
    for name in sorted(tensors):
        found = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, zlib.crc32(name.encode(), found))
    return found
