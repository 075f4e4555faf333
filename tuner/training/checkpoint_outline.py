"""The epoch of a checkpoint without its weights: a sweep that is resumed asks that of each trial that waits.

`torch.save` writes a zip archive: one entry has the structure, as a pickle, and each tensor has an entry of its own.
The structure alone is read, and a blank stands for whatever it names, so that nothing in a file can run.
(`torch.load` makes all tensors, also with mmap, which takes ten times as long.)
"""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

_STRUCTURE = "/data.pkl"


def epoch_in(path: Path) -> int:
    """The epoch of a `Training.state_dict` in a checkpoint file.

    Raises:
        OSError: the file cannot be read.
        Exception: what zipfile and pickle raise for a file that is damaged, or of another kind.
    """
    return int(_outline(path)["metrics"]["epoch"])


def has_weights_alone(path: Path) -> bool:
    """Whether a checkpoint file has no state that a training could go on from; raises as `epoch_in`."""
    return not _outline(path)["model"]


def _outline(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        [name] = [each for each in archive.namelist() if each.endswith(_STRUCTURE)]
        content = archive.read(name)  # zipfile compares the checksum
    found: dict[str, Any] = _Outline(io.BytesIO(content)).load()
    return found


class _Blank:
    """Stands for an object or a function that a pickle names: it takes everything, and does nothing."""

    def __init__(self, *_: object) -> None: ...
    def __setstate__(self, _: object) -> None: ...
    def __setitem__(self, _: object, __: object) -> None: ...
    def append(self, _: object) -> None:
        """Takes an element of a list."""

    def add(self, _: object) -> None:
        """Takes an element of a set."""


class _Outline(pickle.Unpickler):
    """Makes the containers, numbers and texts of a pickle, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ARG002
        """See pickle.Unpickler."""
        return _Blank

    def persistent_load(self, pid: Any) -> None:
        """The numbers of a tensor, which lie in another entry."""
