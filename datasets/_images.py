"""Reads labelled image files into a split. Broken files are skipped and counted in a note."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from tuner.core.errors import TunerError, printable
from tuner.data.images import read_images
from tuner.data.spec import Split


class Labelled(NamedTuple):
    """An image file and the index of its class."""

    path: Path
    target: int


def read_split(files: Sequence[Labelled], shape: tuple[int, ...], folder: Path) -> tuple[Split, list[str]]:
    """The images that can be read, and a line for each broken file with its path relative to `folder`.

    Raises:
        TunerError: there are images, but none can be read.
    """
    inputs, good, lines = read_images([file.path for file in files], shape)
    broken = [line.removeprefix(f"{folder}{os.sep}") for line in lines]
    if broken and not good:
        raise TunerError(f"{folder}: none of the {len(files)} images can be read, for example {broken[0]}")
    targets = torch.tensor([files[index].target for index in good], dtype=torch.int64)
    return Split(inputs, targets), broken


def broken_note(broken: Sequence[str]) -> tuple[str, ...]:
    """The note on broken files, if there are any."""
    if not broken:
        return ()
    files = "1 broken file" if len(broken) == 1 else f"{len(broken)} broken files"
    return (f"{files} skipped, such as {printable(broken[0])}",)


def skipped_note(folder: Path, skipped: Sequence[Path]) -> tuple[str, ...]:
    """The note on files and folders that are skipped without being opened, if there are any."""
    if not skipped:
        return ()
    what = "1 file or folder" if len(skipped) == 1 else f"{len(skipped)} files or folders"
    return (f"{what} skipped: not an image of a class, such as {printable(str(skipped[0].relative_to(folder)))}",)
