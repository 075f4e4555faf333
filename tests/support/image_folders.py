"""Folders of images, and what the reader makes of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from support.dataset_files import noise, parts
from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import Splits

_SEEDS = itertools.count()


def write(folder: Path, *names: str, count: int = 5, size: tuple[int, int] = (12, 12)) -> None:
    """Images in each of these folders, no two of them alike."""
    for name in names:
        for number in range(count):
            noise(folder / name / f"{number}.png", next(_SEEDS), size)


def load(path: Path) -> Splits:
    """The splits of a folder."""
    splits: Splits = catalog.read_format("folder", path, None)
    return splits


def refusal(path: Path) -> str:
    """Why a folder is refused, in one line, without the path."""
    with pytest.raises(TunerError) as error:
        load(path)
    message = str(error.value)
    assert "\n" not in message
    return message.removeprefix(f"folder:{path}: ")


def counts(splits: Splits) -> list[list[int]]:
    """The images of each class, by split."""
    return [torch.bincount(part.targets, minlength=len(splits.spec.classes)).tolist() for part in parts(splits)]
