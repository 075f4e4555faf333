"""Reads labelled image files into a split, and tells in notes what was broken or changed in reading."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch

from tuner.core.errors import TunerError, printable
from tuner.data.images import read_images
from tuner.data.pixels import WHITE, Change, Levels
from tuner.data.spec import Split

from ._skipped import counted, relative


class Labelled(NamedTuple):
    """An image file and the index of its class."""

    path: Path
    target: int


@dataclass
class Findings:
    """What reading images has come across."""

    broken: list[str] = field(default_factory=list)
    """A line for each broken file, with its path relative to the folder of the dataset."""
    changed: dict[Change, list[Labelled]] = field(default_factory=dict)

    def add(self, other: Findings) -> None:
        """Adds what reading more images has come across."""
        self.broken += other.broken
        for change, files in other.changed.items():
            self.changed.setdefault(change, []).extend(files)

    def notes(self, folder: Path, levels: Levels = ()) -> tuple[str, ...]:
        """A line for broken files and for each kind of change, with a count and an example."""
        lines = []
        if self.broken:
            files = "1 broken file" if len(self.broken) == 1 else f"{len(self.broken)} broken files"
            lines.append(f"{files} skipped, such as {printable(self.broken[0])}")
        for change, changed in sorted(self.changed.items()):
            example = f"such as {relative(min(changed).path, folder)}"
            line = f"{counted('{images}', len(changed))}: {change}, {example}"
            if change is Change.SCALED and levels:
                low, high = levels
                line += f": {low:.6g} to {high:.6g}, between which 99.8 % of the training split lie, become 0 to 255"
            lines.append(line)
        return tuple(lines)


def read_split(
    files: Sequence[Labelled], shape: tuple[int, ...], folder: Path, levels: Levels = (), ground: int = WHITE
) -> tuple[Split, list[Labelled], Findings]:
    """The images that can be read, their files, and what reading has come across.

    Raises:
        TunerError: there are images, but none can be read.
    """
    findings = Findings()
    told: list[tuple[int, Change]] = []
    paths = [file.path for file in files]
    inputs, good, lines = read_images(
        paths, shape, levels=levels, tell=lambda *change: told.append(change), ground=ground
    )
    findings.broken = [line.removeprefix(f"{folder}{os.sep}") for line in lines]
    for index, change in told:
        findings.changed.setdefault(change, []).append(files[index])
    if findings.broken and not good:
        raise TunerError(f"{folder}: none of the {len(files)} images can be read, for example {findings.broken[0]}")
    kept = [files[index] for index in good]
    return Split(inputs, torch.tensor([file.target for file in kept], dtype=torch.int64)), kept, findings
