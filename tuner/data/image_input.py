"""Raw images of any kind become model inputs: paths, files' contents, Pillow images and arrays."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.data.image_files import pixels_of
from tuner.data.images import read_image
from tuner.data.spec import DataSpec

IMAGE = "image"  # the column of images in a data frame
_CHANNELS = (1, 3, 4)
_FLAGS = "whole numbers of 0 and 1 are read as black and nearly black: where 1 is white, give booleans or floats"
Tell = Callable[[str], object]


def image_inputs(
    data: DataSpec, raw: Any, *, files: bool = True, tell: Tell | None = None, most_pixels: int | None = None
) -> Tensor:
    """(images, *data.shape) uint8 of images that are read as `tuner predict` reads files.

    Args:
        data: what the model was trained on.
        raw: one image or a list of images: the path of a file, its content as bytes or as base64 text, a Pillow image,
            or an array of pixels; a data frame with one column of them, or with the column `image`; or one array of all
            images, (images, *data.shape) or with the channels last.
        files: whether a text may be the path of a file. A server does not read the files that a request names.
        tell: called with a line where the values of an array may be meant otherwise.
        most_pixels: of all files together, as they have them; by default each has the limit of `read_image` alone.

    Raises:
        TunerError: one of them is no image, or its values may mean several things; or they have too many pixels.
    """
    doubts: dict[str, None] = {}
    images = _images(data, _samples(data, raw), files, doubts, most_pixels)
    for doubt in doubts if tell else ():
        tell(doubt)  # type: ignore[misc]
    return images


def _images(
    data: DataSpec, samples: NDArray[Any] | list[Any], files: bool, doubts: dict[str, None], most: int | None
) -> Tensor:
    if isinstance(samples, np.ndarray):
        return _pixels(data, samples, doubts)
    images = []
    pixels = 0
    for number, sample in enumerate(samples):
        try:
            source = _file_or_content(sample, files=files) if isinstance(sample, str) else sample
            pixels += pixels_of(source) if most is not None else 0
            if most is not None and pixels > most:
                raise TunerError(f"{pixels:,} pixels, more than the limit of {most:,} in all")
            images.append(_image(data, source, doubts))
        except TunerError as error:
            raise TunerError(f"image {number}: {error}" if len(samples) > 1 else str(error)) from None
    return torch.cat(images) if images else torch.empty((0, *data.shape), dtype=torch.uint8)


def _samples(data: DataSpec, raw: Any) -> NDArray[Any] | list[Any]:
    """The images one by one, or an array of numbers."""
    samples: list[Any]
    if isinstance(raw, Mapping):
        raw = pd.DataFrame({name: pd.Series(list(np.atleast_1d(value)), dtype=object) for name, value in raw.items()})
    if isinstance(raw, pd.DataFrame):
        if raw.shape[1] != 1 and IMAGE not in raw.columns:
            raise TunerError(f"samples for a model of {data.name} must be images, in a column '{IMAGE}'")
        raw = raw[IMAGE] if IMAGE in raw.columns else raw.iloc[:, 0]
    if isinstance(raw, pd.Series):
        samples = raw.tolist()
        return samples
    if isinstance(raw, (str, os.PathLike, bytes, bytearray, memoryview, Image.Image)):
        return [raw]
    if not isinstance(raw, (list, tuple)):
        array: NDArray[Any] = np.asarray(raw)
        if array.dtype.kind in "biuf" or array.ndim == 0:
            return array
        samples = list(array)
    else:
        samples = list(raw)
    if samples and not isinstance(
        samples[0], (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, np.ndarray)
    ):
        return _numbers(data, samples)  # nested lists, as JSON has them
    return samples


def _numbers(data: DataSpec, samples: list[Any]) -> NDArray[Any]:
    try:
        pixels = np.asarray(samples)
    except ValueError:
        raise TunerError(f"samples for a model of {data.name} must be images of one size") from None
    if pixels.dtype.kind not in "biuf":
        raise TunerError(f"samples for a model of {data.name} must be images, got {samples[0]!r:.80}")
    return pixels


def _image(data: DataSpec, sample: Any, doubts: dict[str, None]) -> Tensor:
    """(1, *data.shape), or more where the sample is an array of several."""
    if isinstance(sample, os.PathLike):
        sample = Path(sample)
    elif isinstance(sample, (np.ndarray, list)):
        return _pixels(data, _numbers(data, [sample])[0], doubts)
    if not isinstance(sample, (Path, bytes, bytearray, memoryview, Image.Image)):
        raise TunerError(f"samples for a model of {data.name} must be images, got {sample!r:.80}")
    return read_image(sample, data.shape, data.white, data.levels, ground=data.ground)[None]


def _file_or_content(text: str, *, files: bool) -> Path | bytes:
    """A file's path, or the content that base64 text stands for, as MLflow sends bytes in JSON."""
    encoded = "".join(text.rsplit("base64,", 1)[-1].split())  # after the head of a data URL
    if files and len(text) < 4096 and "\0" not in text and Path(text).exists():
        return Path(text)
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        what = "neither a file that is there nor" if files else "not"
        raise TunerError(f"'{text[:80]}' is {what} an image as base64 text") from None


def _pixels(data: DataSpec, pixels: NDArray[Any], doubts: dict[str, None]) -> Tensor:
    """(images, *data.shape) of pixels: one image or several, channels first or last, of the model's size or another."""
    channels, height, width = data.shape
    values = _bytes(data, pixels)
    if _may_be_flags(data, pixels):
        doubts[_FLAGS] = None
    if values.shape[-3:] == data.shape:
        values = values.reshape(-1, *data.shape)
    elif values.shape[-3:] == (height, width, channels):
        values = np.moveaxis(values.reshape(-1, height, width, channels), -1, 1)
    elif channels == 1 and values.shape[-2:] == (height, width) and values.ndim in (2, 3):
        values = values.reshape(-1, 1, height, width)
    elif data.white == 255 and (several := _other_size(values)):
        return torch.stack([read_image(Image.fromarray(image), data.shape, ground=data.ground) for image in several])
    else:
        raise TunerError(f"samples of shape {pixels.shape[1:]} for a model of {data.name}, which takes {data.shape}")
    return torch.from_numpy(np.require(values, requirements=["C", "W"]))  # torch needs writable memory


def _other_size(values: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The images of another size than the model's, channels last; empty where it is not clear what the axes are."""
    if values.ndim == 2 and min(values.shape) > 4:
        return [values]
    if values.ndim not in (3, 4) or 0 in values.shape:
        return []
    first, last = values.shape[-3] in _CHANNELS, values.shape[-1] in _CHANNELS
    if first == last:
        return []
    if first:
        values = np.moveaxis(values, -3, -1)
    images = values.reshape(-1, *values.shape[-3:])
    return [np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image) for image in images]


def _bytes(data: DataSpec, pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """The pixels as uint8 from 0 to `white`, where it is sure what their values mean."""
    if pixels.dtype.kind not in "biuf":
        raise TunerError(f"samples for a model of {data.name} must be numbers, got {pixels.dtype}")
    if pixels.dtype == bool or not pixels.size:
        return pixels.astype(np.uint8) * np.uint8(data.white)
    low, high = pixels.min(), pixels.max()
    whole = pixels.dtype.kind in "iu" or bool((pixels == np.rint(pixels)).all())
    takes = f"a model of {data.name} takes whole numbers from 0 to {data.white}, or floats from 0 to 1"
    if not 0 <= low <= high <= data.white:  # NaN as well
        raise TunerError(f"pixels from {low:g} to {high:g}: {takes}")
    if pixels.dtype.kind == "f" and high <= 1:
        pixels, whole = np.rint(pixels * data.white), True
    if not whole:
        raise TunerError(f"pixels from {low:g} to {high:g} that are not whole numbers: {takes}")
    values: NDArray[np.uint8] = pixels.astype(np.uint8)
    return values


def _may_be_flags(data: DataSpec, pixels: NDArray[Any]) -> bool:
    """Whether whole numbers are 0 and 1, and training had brighter images."""
    dark = bool(data.training_range) and data.training_range[0][1] * data.white <= 1
    return pixels.dtype.kind in "iu" and pixels.size > 0 and data.white > 1 and pixels.max() == 1 and not dark
