"""Handwritten digits of 8x8 grey pixels, 1,797 samples (UCI optdigits' test part); ships with scikit-learn."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tuner.data.spec import DataSpec, Splits, hold_out, moments

TEST_SHARE = 0.2  # scikit-learn's copy has no official split
VALIDATION_SHARE = 0.25  # large enough that the best of many epochs is not just the luckiest one


def load(root: Path) -> Splits:
    """The splits; inputs are uint8 (samples, 1, 8, 8) from 0 to 16. Reads nothing from `root`."""
    del root
    pixels, labels = _read()
    images = torch.tensor(pixels, dtype=torch.uint8).unsqueeze(1)
    rest, test = hold_out(images, torch.tensor(labels, dtype=torch.int64), TEST_SHARE)
    train, validation = hold_out(*rest, VALIDATION_SHARE)
    mean, std = moments(train.inputs)
    spec = DataSpec(
        name="digits",
        task="image",
        shape=(1, 8, 8),
        classes=tuple("0123456789"),
        mean=mean,
        std=std,
        white=16,
        augment=("rotate",),  # cnn, 6 runs each: validation 0.995 with it, 0.994 with none, 0.982 with crop
    )
    return Splits(spec, train, validation, test)


def _read() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(samples, 8, 8) pixels and (samples,) digits, from the file that `load_digits` reads.

    Importing scikit-learn for it takes longer than all else before the first trial but torch.
    """
    package = find_spec("sklearn")
    folders = package.submodule_search_locations if package else None
    file = Path(folders[0]) / "datasets" / "data" / "digits.csv.gz" if folders else None
    if file is None or not file.is_file():  # where scikit-learn keeps it elsewhere
        from sklearn.datasets import load_digits  # noqa: PLC0415 - takes a second

        raw = load_digits()
        return raw.images, raw.target
    rows = np.loadtxt(file, delimiter=",")  # a sample's 64 pixels and its digit
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1].astype(np.int64)
