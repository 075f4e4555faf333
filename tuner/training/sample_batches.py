"""What readers of samples to predict share: a batch, what they read for, and how standard input becomes a file."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import Tensor

from tuner.data.spec import DataSpec
from tuner.training.sample_files import STDIN
from tuner.training.sample_notes import Note, Notes

LARGEST_BATCH = 512  # samples
BATCH_VALUES = 1 << 24  # at most in a batch, so that many images or wide rows do not fill the memory


@dataclass(frozen=True)
class Samples:
    """A batch of samples."""

    names: list[str]
    """FILE for an image, FILE:LINE for a text or a row."""
    inputs: Tensor
    """(samples, *data.shape)."""
    truths: list[str | None]
    """The true class of each, where a folder or the table says it."""
    notes: list[tuple[Note, ...]]
    """What is unusual in each."""


@dataclass(frozen=True)
class Reading:
    """For which model samples are read, and where readers leave what a user should know."""

    data: DataSpec
    notes: Notes
    broken: list[str]
    """A line for each file, line or row that cannot be read, beginning with its place."""

    @property
    def batch(self) -> int:
        """The number of samples that are read at a time."""
        return max(1, min(LARGEST_BATCH, BATCH_VALUES // math.prod(self.data.shape)))


@contextmanager
def as_file(name: str) -> Iterator[Path]:
    """The path of a file; standard input is copied into a temporary one."""
    if name != STDIN:
        yield Path(name)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "standard-input"
        with path.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield path


def named(reason: str, path: Path, name: str) -> str:
    """An error's text with the name that the user has typed in place of the path of a copy."""
    return reason.replace(str(path), name)
