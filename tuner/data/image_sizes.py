"""The size that a model's images get, and which files differ from it by much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from tuner.data.image_files import Header

LARGEST_KEPT = 224  # pixels: images that share one size up to this keep it
SMALLEST_SIDE, LARGEST_SIDE = 32, 160  # pixels: limits of the square that other images are scaled to
FAR = 2  # times smaller, or longer for its width, than the model's images
LIMITS = (LARGEST_KEPT, SMALLEST_SIDE, LARGEST_SIDE)


def shape_for(headers: Sequence[Header]) -> tuple[int, int, int]:
    """(channels, height, width): the size of all images if they share a small one; otherwise a square with their
    median shorter side.
    """
    if not headers:
        return 3, SMALLEST_SIDE, SMALLEST_SIDE  # all images are broken: reading them reports that
    channels = max(header.channels for header in headers)
    sizes = [(header.height, header.width) for header in headers]
    if len(set(sizes)) == 1 and max(sizes[0]) <= LARGEST_KEPT:
        return channels, *sizes[0]
    side = min(max(round(median(map(min, sizes))), SMALLEST_SIDE), LARGEST_SIDE)
    return channels, side, side


def size_findings(header: Header, shape: Sequence[int]) -> Iterator[tuple[str, str]]:
    """How a file differs by much from a model's images of `shape`: what it is, and the numbers."""
    _, height, width = shape
    size = f"{header.width}x{header.height} pixels, the model's images have {width}x{height}"
    if FAR * header.height < height or FAR * header.width < width:
        yield "much smaller than the model's images", size
    aspect = (header.width / header.height) / (width / height)
    if not 1 / FAR < aspect < FAR:
        cut = 1 - min(aspect, 1 / aspect)
        yield "of another shape than the model's images, so that much is cut off", f"{cut:.0%}, {size}"
