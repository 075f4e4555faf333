"""Files of samples to predict, and what the reader makes of them."""

from __future__ import annotations

from pathlib import Path

from tuner.data.spec import DataSpec
from tuner.training.sample_batches import Samples
from tuner.training.samples import SampleReader


def read(data: DataSpec, file: Path, content: str | bytes) -> tuple[Samples, SampleReader]:
    """The samples of a file with this content, which are one batch, and their reader."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    reader = SampleReader(data, [str(file)])
    [samples] = reader
    return samples, reader
