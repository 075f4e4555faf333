"""CIFAR-10: photographs of 32x32 colour pixels, 50,000 training and 10,000 test samples (Krizhevsky 2009).

The binary version (https://www.cs.toronto.edu/~kriz/cifar.html), so that nothing has to be unpickled: a row is one
byte for the class and 3 x 1,024 bytes for the red, green and blue plane.
"""

from __future__ import annotations

import zlib
from pathlib import Path, PurePosixPath
from tarfile import TarError
from tempfile import TemporaryDirectory

import numpy as np
import torch

from tuner.core.errors import one_line
from tuner.data.spec import DataSpec, Split, Splits, hold_out, moments

from ._files import NotDownloadedError, fetch, missing, unusable

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
FOLDER = "cifar-10-batches-bin"
TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_FILES = ("test_batch.bin",)
FOUND_AT = (f"{FOLDER}/{TEST_FILES[0]}", PurePosixPath(URL).name)
SHAPE = (3, 32, 32)
ROW = 1 + 3 * 32 * 32  # bytes
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
VALIDATION_SHARE = 0.1


def load(root: Path) -> Splits:
    """The splits (45,000, 5,000 and 10,000); inputs are uint8 (samples, 3, 32, 32). Downloads 170 MB if need be.

    Raises:
        TunerError: a file in `root`/cifar-10-batches-bin is broken, or missing and cannot be downloaded.
    """
    folder = root / FOLDER
    if not all((folder / file).is_file() for file in TRAIN_FILES + TEST_FILES):
        _download(root)
    train, validation = hold_out(*_split(folder, TRAIN_FILES), VALIDATION_SHARE)
    mean, std = moments(train.inputs)
    spec = DataSpec(
        name="cifar10", task="image", shape=SHAPE, classes=CLASSES, mean=mean, std=std, augment=("crop", "flip")
    )
    return Splits(spec, train, validation, _split(folder, TEST_FILES))


def _download(root: Path) -> None:
    archive = root / URL.rsplit("/", 1)[-1]
    try:
        fetch(archive, [URL], MD5)
    except NotDownloadedError as error:
        files = f"{', '.join(TRAIN_FILES + TEST_FILES)} into {root / FOLDER} or {archive.name} into {root}"
        raise missing("cifar10", root, files, error) from None
    try:
        _unpack(archive, root / FOLDER)
    except (OSError, EOFError, TarError, zlib.error) as error:
        raise unusable(archive, one_line(error)) from None


def _unpack(archive: Path, folder: Path) -> None:
    """Each file is created by a rename, so an interrupted extraction leaves no partial file."""
    from torchvision.datasets.utils import extract_archive  # noqa: PLC0415 - takes seconds, and only a download needs it

    folder.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".unpack-") as unpacked:
        extract_archive(str(archive), unpacked)
        for file in TRAIN_FILES + TEST_FILES:
            Path(unpacked, FOLDER, file).replace(folder / file)


def _split(folder: Path, files: tuple[str, ...]) -> Split:
    rows = np.concatenate([_rows(folder / file) for file in files])
    inputs = rows[:, 1:].reshape(-1, *SHAPE).copy()
    return Split(torch.from_numpy(inputs), torch.from_numpy(rows[:, 0].astype(np.int64)))


def _rows(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The file as (samples, ROW) bytes, its size and its classes checked."""
    try:
        values = np.fromfile(path, np.uint8)
    except OSError as error:
        raise unusable(path, one_line(error)) from None
    if not len(values) or len(values) % ROW:
        raise unusable(path, f"{len(values)} bytes is not a multiple of {ROW} bytes, the size of a row")
    rows = values.reshape(-1, ROW)
    if (largest := int(rows[:, 0].max())) >= len(CLASSES):
        raise unusable(path, f"it has the label {largest}, and the classes are 0 to {len(CLASSES) - 1}")
    return rows
