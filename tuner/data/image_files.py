"""Opens image files safely: a few formats, limits on what is decoded, and one line for what is broken."""

from __future__ import annotations

import mmap
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple

from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError
from PIL.ExifTags import Base

from tuner.core.errors import one_line
from tuner.data.pixels import Depth, depth_of
from tuner.data.unread_images import describe

ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
MAX_PIXELS = 64_000_000  # more than a phone has; 256 MB once decoded, 1.5 GB at most with 16 bits a colour
LARGE = 8_000_000  # pixels: larger images are decoded one at a time, to limit the memory
MAX_SCANS = 100  # in a progressive JPEG; usual ones have 10
_large = threading.Lock()
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "PPM", "TIFF")  # Pillow has riskier ones: EPS starts a program
_USUAL = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif"}  # endings that are not the name of their format
_SIGNED = 2  # a value of the tag SampleFormat
# 16 bits in big-endian order with 0 as white: Pillow knows them with 0 as black, and `pixels.values_of` turns them
TiffImagePlugin.OPEN_INFO.setdefault((b"MM", 0, (1,), 1, (16,), ()), ("I;16B", "I;16B"))
_SIDEWAYS = (5, 6, 7, 8)  # the values of the EXIF tag Orientation that swap height and width
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")

ImageSource = Path | bytes | bytearray | memoryview | Image.Image
"""A file, the content of a file, or an image in memory."""


class Header(NamedTuple):
    """What is known of an image before it is decoded."""

    channels: int
    """1 for grey, otherwise 3."""
    height: int
    """Of the upright image, as the width."""
    width: int
    depth: Depth
    ending: str
    """That files of its format usually have."""


def read_header(path: Path) -> Header | None:
    """What the header of a file says; None if it cannot be read."""
    try:
        with no_warnings(), Image.open(path, formats=_FORMATS) as image:
            width, height = reversed(image.size) if _is_sideways(image) else image.size
            ending = _USUAL.get(image.format or "", f".{image.format}".lower())
            return Header(1 if image.mode in _GREY else 3, height, width, depth_of(image), ending)
    except Exception:  # decoders of broken files raise errors of any type
        return None


def pixels_of(source: object) -> int:
    """How many pixels the header of a file, or of its content, says; 0 for what is none, or cannot be read."""
    if not isinstance(source, Path | bytes | bytearray | memoryview):
        return 0
    try:
        with no_warnings(), Image.open(source if isinstance(source, Path) else BytesIO(source), formats=_FORMATS) as it:
            return it.width * it.height
    except Image.DecompressionBombError:
        return MAX_PIXELS + 1
    except Exception:  # as above
        return 0


def _is_sideways(image: Image.Image) -> bool:
    """Whether the size that Pillow gives is to be swapped, as the EXIF says."""
    if image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info):
        return False  # of a TIFF Pillow has swapped it; it would decode a PNG to look for an EXIF behind the pixels
    return image.getexif().get(Base.Orientation) in _SIDEWAYS


@contextmanager
def open_image(source: ImageSource) -> Iterator[Image.Image]:
    """The image, not decoded yet unless it is in memory already.

    Raises:
        Exception: it is broken, or above a limit; `reason_of` puts it into words.
    """
    pending = _content(source) if isinstance(source, Image.Image) else source
    if isinstance(pending, Image.Image):
        _check_size(pending)
        yield pending
        return
    if isinstance(pending, Path):
        _check_file(pending)
    with Image.open(pending if isinstance(pending, Path) else BytesIO(pending), formats=_FORMATS) as image:
        _check_size(image)
        if image.mode == "L" and getattr(image, "tag_v2", {}).get(Base.SampleFormat) == (_SIGNED,):
            raise ValueError("a TIFF of signed 8-bit values, which are not read: save it with values from 0 to 255")
        if image.info.get("progressive"):
            _check_scans(pending)
        with _large if image.width * image.height > LARGE else nullcontext():
            yield image


def reason_of(source: ImageSource, error: Exception) -> str:
    """In a few words, why an image cannot be read."""
    if isinstance(error, UnidentifiedImageError):
        return "the file is empty" if isinstance(source, Image.Image) else describe(source)
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MAX_PIXELS:,} pixels, which is the limit"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return one_line(error)


@contextmanager
def no_warnings() -> Iterator[None]:
    """Pillow warns about what is refused or repaired here. Enter it before threads start: filters are per process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _content(image: Image.Image) -> Image.Image | bytes:
    """The file of an image that is open and not decoded, so that it is read as its path would be; else the image."""
    undecoded = isinstance(image, ImageFile.ImageFile) and image.tile and image.fp is not None and image.tell() == 0
    return content_of(image) if undecoded else image


def content_of(image: Image.Image) -> bytes:
    """The bytes of the file of an image that is open and not decoded."""
    file: IO[bytes] = image.fp  # type: ignore[attr-defined]
    file.seek(0)
    return file.read()


def _check_file(path: Path) -> None:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # reading a pipe would block; a folder gives its own error
        raise ValueError("not a regular file")


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"{image.width}x{image.height} pixels, more than the limit of {MAX_PIXELS:,} in all")


def _check_scans(source: Path | bytes | bytearray | memoryview) -> None:
    """Each scan of a progressive JPEG covers the whole image: a small file with thousands of scans takes hours."""
    if not isinstance(source, Path):
        _count_scans(bytes(source))
        return
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        _count_scans(content)


def _count_scans(content: bytes | mmap.mmap) -> None:
    place = scans = 0
    while (place := content.find(b"\xff\xda", place) + 2) > 1:  # elsewhere it occurs only in a preview
        scans += 1
        if scans > MAX_SCANS:
            raise ValueError(f"more than {MAX_SCANS} scans, which is the limit")
