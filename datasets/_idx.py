"""The MNIST family: four gzipped IDX files. Their urls and md5 come from torchvision's class of the dataset.

The format: http://yann.lecun.com/exdb/mnist/ (two zero bytes, the type, the number of dimensions, then each of them
as a big-endian 32-bit integer, then the values). The files are unpacked in memory, so a read-only folder works
too.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tuner.core.errors import one_line
from tuner.data.spec import DataSpec, Split, Splits, hold_out, moments

from ._files import NotDownloadedError, fetch, md5_of, missing, unusable

VALIDATION_SHARE = 0.1
SIDE = 28
UNSIGNED_BYTE = 8


class IdxFile(NamedTuple):
    """An IDX file in memory, and where it came from."""

    path: Path
    content: bytes


def load_idx(spec: DataSpec, source: type[Any], root: Path) -> Splits:
    """The splits of a dataset of the MNIST family, read from `root`/CLASS NAME/raw or downloaded to there.

    Args:
        spec: the dataset; its mean and std are filled in from the training split.
        source: torchvision's class of the dataset, with `mirrors` and `resources` (train images and labels, then test).
        root: the folder of all datasets.

    Returns:
        uint8 (samples, 1, 28, 28) from 0 to 255; a tenth of the official training split is held out for validation.

    Raises:
        TunerError: a file is missing and cannot be downloaded, or it is broken.
    """
    folder = root / source.__name__ / "raw"
    packed = [folder / file for file, _ in source.resources]
    try:
        files = [_open(folder / file, digest, source.mirrors) for file, digest in source.resources]
    except NotDownloadedError as error:
        names = ", ".join(path.name for path in packed)
        raise missing(spec.name, root, f"{names} into {folder}", error) from None
    train_images, train_labels, test_images, test_labels = files
    classes = len(spec.classes)
    train, validation = hold_out(*_split(train_images, train_labels, classes), VALIDATION_SHARE)
    mean, std = moments(train.inputs)
    return Splits(replace(spec, mean=mean, std=std), train, validation, _split(test_images, test_labels, classes))


def _open(packed: Path, digest: str, mirrors: list[str]) -> IdxFile:
    """The .gz file if its md5 is right, else the unpacked file beside it, else the .gz file downloaded."""
    plain = packed.with_suffix("")
    try:
        if plain.is_file() and not (packed.is_file() and md5_of(packed) == digest):
            return IdxFile(plain, plain.read_bytes())
        fetch(packed, (mirror + packed.name for mirror in mirrors), digest)
        return IdxFile(packed, gzip.decompress(packed.read_bytes()))
    except (OSError, EOFError, zlib.error) as error:
        raise unusable(packed, one_line(error)) from None


def _split(images: IdxFile, labels: IdxFile, classes: int) -> Split:
    inputs, targets = _values(images, 3), _values(labels, 1)
    if inputs.shape[1:] != (SIDE, SIDE):
        raise unusable(images.path, f"its shape is {tuple(inputs.shape)} instead of (samples, {SIDE}, {SIDE})")
    if len(targets) != len(inputs):
        raise unusable(labels.path, f"it has {len(targets)} labels for {len(inputs)} images")
    if (largest := int(targets.max())) >= classes:
        raise unusable(labels.path, f"it has the label {largest}, and the classes are 0 to {classes - 1}")
    return Split(inputs.unsqueeze(1), targets.to(torch.int64))


def _values(file: IdxFile, dimensions: int) -> Tensor:
    """The uint8 values of a file with this number of dimensions, copied to memory of their own."""
    start = 4 + 4 * dimensions
    magic = bytes((0, 0, UNSIGNED_BYTE, dimensions))
    if file.content[:4] != magic:
        raise unusable(file.path, f"it starts with {file.content[:4].hex()} instead of {magic.hex()}")
    if len(file.content) < start:
        raise unusable(file.path, f"it ends after {len(file.content)} bytes, within its header")
    shape = struct.unpack(f">{dimensions}I", file.content[4:start])
    if 0 in shape:
        raise unusable(file.path, f"its shape is {shape}: it holds no data")
    if len(file.content) != start + prod(shape):
        raise unusable(file.path, f"it has {len(file.content)} bytes instead of {start + prod(shape)}")
    return torch.from_numpy(np.frombuffer(file.content, np.uint8, offset=start).reshape(shape).copy())
