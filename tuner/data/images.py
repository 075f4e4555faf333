"""Reads image files as tensors of one shape: turned upright, scaled to cover the shape, and cropped at the centre."""

from __future__ import annotations

import mmap
import os
import stat
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from tuner.core.errors import TunerError, one_line

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
MAX_PIXELS = 64_000_000  # more than a phone's camera has, and 256 MB at most once decoded
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "PPM", "TIFF")  # Pillow has riskier ones: EPS starts a program
MAX_SCANS = 100  # in a progressive JPEG; usual ones have 10
LARGE = 8_000_000  # pixels: larger images are decoded one at a time, to limit the memory
_large = threading.Lock()
_GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")


def read_image(path: Path, shape: tuple[int, ...], white: int = 255) -> Tensor:
    """An image file as a tensor.

    Of an animation, the first frame is read. Transparent pixels become white, and 16 bits become 8.

    Args:
        path: a file in one of the usual formats, whatever its extension.
        shape: (channels, height, width) to scale it to; 1 channel is grey, 3 are red, green and blue.
        white: the value of the brightest pixel in the result.

    Returns:
        `shape` uint8.

    Raises:
        TunerError: the file is missing, broken or not an image, or has more than 64 million pixels.
    """
    with _no_warnings():
        return _read(path, shape, white)


def read_images(paths: Sequence[Path], shape: tuple[int, ...], white: int = 255) -> tuple[Tensor, list[int], list[str]]:
    """Many image files, read by several threads.

    Returns:
        (readable images, *shape) uint8, their indices into `paths`, and a line for each broken file, with its name.
    """

    def read(index: int) -> str | None:
        try:
            images[index] = _read(paths[index], shape, white)
        except TunerError as error:
            return str(error)
        return None

    images = torch.empty((len(paths), *shape), dtype=torch.uint8)
    with _no_warnings(), ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
        reasons = list(pool.map(read, range(len(paths))))
    broken = [reason for reason in reasons if reason is not None]
    good = [index for index, reason in enumerate(reasons) if reason is None]
    return (images[good] if broken else images), good, broken


def image_shape(path: Path) -> tuple[int, int, int] | None:
    """(channels, height, width) from a file's header, with 1 channel for grey; None if it cannot be read."""
    try:
        with _no_warnings(), Image.open(path, formats=_FORMATS) as image:
            return 1 if image.mode in _GREY else 3, image.height, image.width
    except Exception:  # as in _read
        return None


def _read(path: Path, shape: tuple[int, ...], white: int) -> Tensor:
    try:
        _check_file(path)
        with Image.open(path, formats=_FORMATS) as image:
            if image.info.get("progressive"):
                _check_scans(path)
            pixels = _pixels(image, shape)
    except Exception as error:  # decoders of broken files raise errors of any type
        raise TunerError(f"{path}: {_reason(path, error)}") from None
    if white != 255:
        pixels = np.rint(pixels * (white / 255)).astype(np.uint8)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _check_file(path: Path) -> None:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # reading a pipe would block; a folder gives its own error
        raise ValueError("not a regular file")


def _check_scans(path: Path) -> None:
    """Each scan of a progressive JPEG covers the whole image: a small file with thousands of scans takes hours."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        place = scans = 0
        while (place := content.find(b"\xff\xda", place) + 2) > 1:  # elsewhere it occurs only in a preview
            scans += 1
            if scans > MAX_SCANS:
                raise ValueError(f"more than {MAX_SCANS} scans, which is the limit")


def _pixels(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(height, width, channels) of an image that has not been decoded yet."""
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise ValueError(f"{image.width}x{image.height} pixels, more than the limit of {MAX_PIXELS:,} in all")
    with _large if pixels > LARGE else nullcontext():
        return _fitted(image, shape)


def _fitted(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    channels, height, width = shape
    mode = "L" if channels == 1 else "RGB"
    side = 2 * max(height, width)
    image.draft(mode, (side, side))  # a JPEG is decoded at a half, quarter or eighth where that is still large enough
    upright = ImageOps.exif_transpose(image)
    fitted = ImageOps.fit(_convert(upright, mode), (width, height), Image.Resampling.BILINEAR)
    return np.array(fitted, dtype=np.uint8).reshape(height, width, channels)


def _convert(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image that can be read" if path.stat().st_size else "the file is empty"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MAX_PIXELS:,} pixels, which is the limit"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return one_line(error)


@contextmanager
def _no_warnings() -> Iterator[None]:
    # Pillow warns about what is refused or repaired here. Enter it before threads start: filters are per process.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
