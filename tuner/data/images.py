"""Reads images as tensors of one shape: turned upright, scaled to cover the shape, and cropped at the centre."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.ExifTags import Base
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.data.image_files import ImageSource, content_of, no_warnings, open_image, reason_of
from tuner.data.pixels import (
    WHITE,
    Change,
    Depth,
    Levels,
    Tell,
    colours_of,
    convert,
    depth_of,
    scale_colours,
    scale_image,
    tell_blank,
)

_UPRIGHT = (0, 1)


def read_image(
    source: ImageSource,
    shape: tuple[int, ...],
    white: int = 255,
    levels: Levels = (),
    tell: Tell | None = None,
    ground: int = WHITE,
) -> Tensor:
    """An image as a tensor.

    Of an animation, the first frame is read. Transparent pixels become the ground. Whole numbers beyond 8 bits and
    floats are scaled by `levels`; without them, 16 bits become 8 as long as they are used.

    Args:
        source: a file in one of the usual formats, whatever its extension; its content; or an image in memory.
        shape: (channels, height, width) to scale it to; 1 channel is grey, 3 are red, green and blue.
        white: the value of the brightest pixel in the result.
        levels: the values beyond 8 bits that become 0 and `white`, see `DataSpec.levels`.
        tell: called with each change that reading has made.
        ground: what transparent pixels become, see `DataSpec.ground`.

    Returns:
        `shape` uint8.

    Raises:
        TunerError: the image is missing, broken, none, or has more than 64 million pixels; or its values are beyond 8
            bits, and there are no `levels` for them.
    """
    with no_warnings():
        pixels, told = _read(source, shape, white, levels, ground)
    for change in told if tell else ():
        tell(change)  # type: ignore[misc]
    return pixels


def read_images(
    paths: Sequence[Path],
    shape: tuple[int, ...],
    white: int = 255,
    levels: Levels = (),
    tell: Callable[[int, Change], object] | None = None,
    ground: int = WHITE,
) -> tuple[Tensor, list[int], list[str]]:
    """Many image files, read by several threads; the arguments are those of `read_image`.

    `tell` is called with the index of a file, in their order.

    Returns:
        (readable images, *shape) uint8, their indices into `paths`, and a line for each broken file, with its name.
    """

    def read(index: int) -> tuple[list[Change], str | None]:
        try:
            images[index], told = _read(paths[index], shape, white, levels, ground)
        except TunerError as error:
            return [], str(error)
        return told, None

    images = torch.empty((len(paths), *shape), dtype=torch.uint8)
    with no_warnings(), ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
        found = list(pool.map(read, range(len(paths))))
    for index, (told, _) in enumerate(found if tell else ()):
        for change in told:
            tell(index, change)  # type: ignore[misc]
    reasons = [reason for _, reason in found]
    broken = [reason for reason in reasons if reason is not None]
    good = [index for index, reason in enumerate(reasons) if reason is None]
    return (images[good] if broken else images), good, broken


def _read(
    source: ImageSource, shape: tuple[int, ...], white: int, levels: Levels, ground: int
) -> tuple[Tensor, list[Change]]:
    """The image, and what reading it has changed."""
    told: list[Change] = []
    try:
        with open_image(source) as image:
            pixels = _fitted(image, shape, levels, ground, told)
    except Exception as error:  # decoders of broken files raise errors of any type
        name = source if isinstance(source, Path) else "image"
        raise TunerError(f"{name}: {reason_of(source, error)}") from None
    if white != 255:
        pixels = np.rint(pixels * (white / 255)).astype(np.uint8)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))), told


def _fitted(
    image: Image.Image, shape: tuple[int, ...], levels: Levels, ground: int, told: list[Change]
) -> NDArray[np.uint8]:
    """(height, width, channels) of an image that has not been decoded yet."""
    channels, height, width = shape
    mode = "L" if channels == 1 else "RGB"
    side = 2 * max(height, width)
    depth = depth_of(image)
    content = content_of(image) if depth is Depth.COLOUR else b""
    image.draft(mode, (side, side))  # a JPEG is decoded at a half, quarter or eighth where that is still large enough
    if _has_frames(image):
        told.append(Change.FRAMES)
    if image.getexif().get(Base.Orientation, 1) not in _UPRIGHT:
        told.append(Change.TURNED)
    if depth is Depth.CUT:
        told.append(Change.CUT)
    if depth in (Depth.WHOLE, Depth.REAL):
        image = _turned_as(image, scale_image(image, levels, ground, told.append))
    elif depth is Depth.COLOUR:
        image = _turned_as(image, scale_colours(colours_of(image, content), levels, told.append))
    upright = convert(ImageOps.exif_transpose(image), mode, ground, told.append)
    fitted = ImageOps.fit(upright, (width, height), Image.Resampling.BILINEAR)
    tell_blank(fitted, ground, told)
    return np.array(fitted, dtype=np.uint8).reshape(height, width, channels)


def _turned_as(image: Image.Image, scaled: Image.Image) -> Image.Image:
    """The scaled pixels of an image, with what its file says about turning them."""
    exif = Image.Exif()
    exif[Base.Orientation] = image.getexif().get(Base.Orientation, 1)
    scaled.info["exif"] = exif.tobytes()
    return scaled


def _has_frames(image: Image.Image) -> bool:
    """Whether there are more frames than the one that is read. The preview in a camera's JPEG is none."""
    with suppress(Exception):  # of a later frame that is broken
        return image.format != "MPO" and bool(getattr(image, "n_frames", 1) > 1)
    return True
