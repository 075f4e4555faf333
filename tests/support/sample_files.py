"""Files of samples to predict, and what the reader makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from tuner.data.spec import DataSpec
from tuner.training.sample_batches import Samples
from tuner.training.samples import SampleReader


def read(data: DataSpec, file: Path, content: str | bytes) -> tuple[Samples, SampleReader]:
    """The samples of a file with this content, which are one batch, and their reader."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    reader = SampleReader(data, [str(file)])
    [samples] = reader
    return samples, reader


def write_digits(folder: Path, count: int) -> list[str]:
    """PNG files of the digits 0, 1, 2 ..., in the usual units of 0 to 255."""
    raw = load_digits()
    for number in range(count):
        Image.fromarray((raw.images[number] * (255 / 16)).astype(np.uint8)).save(folder / f"digit-{number}.png")
    return [f"digit-{number}.png" for number in range(count)]
