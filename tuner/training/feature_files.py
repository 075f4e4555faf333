"""Features of frozen networks on this node, in files: what one process has computed, all others map into memory.

The kernel keeps a file's pages once for all processes. A process that is killed while it computes loses its lock, and
the next one computes. Damaged files are computed anew, the files that were not used for longest are deleted.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from torch import Tensor

from tuner.core.files import data_root
from tuner.training.tensor_files import read_tensors, write_tensors

MOST_BYTES = 4 << 30  # of all files together
LEAST_FREE = 1 << 30  # bytes that must be left on the disk
_NAME = "features"


class FeatureFiles:
    """A folder of them."""

    def __init__(self, folder: Path | None = None) -> None:
        """By default it is in the folder of the data, of this node."""
        self._folder = folder or data_root() / "cache" / "features"

    def get(self, key: str, compute: Callable[[], Tensor | None]) -> Tensor | None:
        """The features of a key, on the CPU: from its file, or computed now and written.

        While another process of the node computes them, this waits. Where the folder cannot be written, what is
        computed is given all the same. None where `compute` gives none.
        """
        path = self._folder / f"{key}.safetensors"
        found = _read(path)
        if found is not None:
            return found
        with _alone(path.with_suffix(".lock")):
            found = _read(path)
            if found is not None:
                return found
            computed = compute()
            if computed is None:
                return None
            computed = computed.cpu()
            with suppress(OSError):
                self._write(path, computed)
                found = _read(path)
        return computed if found is None else found

    def peek(self, key: str) -> Tensor | None:
        """The features of a key, if they were computed already."""
        return _read(self._folder / f"{key}.safetensors")

    def _write(self, path: Path, features: Tensor) -> None:
        if shutil.disk_usage(self._folder).free < features.nbytes + LEAST_FREE:
            return
        write_tensors(path, {_NAME: features})
        total = 0
        for each in sorted(self._folder.glob("*.safetensors"), key=_last_use, reverse=True):
            total += _size(each)
            if total > MOST_BYTES and each != path:
                each.unlink(missing_ok=True)  # who has it mapped keeps it


def _read(path: Path) -> Tensor | None:
    found = read_tensors(path)
    if found is None or _NAME not in found:
        return None
    with suppress(OSError):
        os.utime(path)  # it was used
    return found[_NAME]


def _last_use(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Within it no other process of the node computes the same, unless the file system has no locks or is read-only."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError:
        yield
        return
    with file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()  # who waits for it looks for the features first
