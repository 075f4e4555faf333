"""Folders of images, and what the reader makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from support.dataset_files import parts
from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import Splits


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
