"""Folders of images beyond 8 bits: scaled by what the training split holds, and told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.dataset_files import parts
from support.image_folders import load

from tuner.data.images import read_image


@pytest.fixture
def folder(tmp_path: Path, caches: Path) -> Path:
    return tmp_path / "cells"


def deep(folder: Path, *, bits_of_b: int = 16, count: int = 12) -> None:
    """Grey images of a camera with 12 bits: the classes are 300 and 420 of 4095, give or take a few."""
    rng = np.random.default_rng(0)
    for name, level in (("a", 300), ("b", 420)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            values = rng.normal(level, 10, (24, 24)).clip(0, 4095)
            kind = np.uint8 if name == "b" and bits_of_b == 8 else np.uint16
            Image.fromarray((values / 16 if kind == np.uint8 else values).astype(kind)).save(
                folder / name / f"{number}.png"
            )


def test_values_beyond_8_bits_are_scaled_by_those_of_the_training_split(folder: Path) -> None:
    deep(folder)
    for _ in range(2):  # the second time from the cache
        splits = load(folder)
        low, high = splits.spec.levels
        assert 260 < low < 290
        assert 430 < high < 460
        brightness = [float(splits.test.inputs[splits.test.targets == index].float().mean()) for index in (0, 1)]
        assert brightness[0] < 70
        assert brightness[1] > 180
        assert splits.notes[0].startswith("24 images: values beyond 8 bits scaled to 8, such as a/0.png: 2")
    image = read_image(folder / "b" / "0.png", splits.spec.shape, levels=splits.spec.levels)
    rows = torch.cat([part.inputs for part in parts(splits)])
    assert any(torch.equal(image, row) for row in rows)  # a prediction reads it alike


def test_a_mix_of_8_and_more_bits_is_told(folder: Path) -> None:
    deep(folder, bits_of_b=8)
    scaled, others = load(folder).notes
    assert scaled.startswith("12 images: values beyond 8 bits scaled")
    assert others.startswith("the other 12 images of 8 bits read as they are: they are of 'b' and never of 'a', so ")
