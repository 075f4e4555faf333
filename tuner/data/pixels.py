"""Pixels of any kind become 8 bits: whole numbers and floats by a range of values, and transparency on white."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

Levels = tuple[float, ...]
"""The values that become black and white: (low, high), or () for images of 8 bits."""

FULL = 65_535  # the white of 16 bits
DARK = FULL // 4  # a file whose brightest value is lower does not use its bits: 12 or 14 of a camera, say
_ROWS = 1 << 20  # values that are scaled at a time


class Depth(Enum):
    """How the values of a file can be read."""

    BYTES = "8 bits"
    WHOLE = "whole numbers beyond 8 bits"
    REAL = "floats"
    COLOUR = "16 bits a colour"
    CUT = "16 bits a colour, of which Pillow reads the upper 8"

    @property
    def scaled(self) -> bool:
        """Whether its values are scaled by a range."""
        return self in (Depth.WHOLE, Depth.REAL, Depth.COLOUR)


class Change(StrEnum):
    """What reading an image has changed, in words for a note."""

    SCALED = "values beyond 8 bits scaled to 8"
    CUT = "of 16 bits a colour, the upper 8 read"
    NOT_FINITE = "pixels that are not a number (NaN) made black, infinite ones black or white"
    FLAT = "all pixels alike once scaled to 8 bits"
    TRANSPARENT = "transparent pixels made white"
    TURNED = "turned upright, as its EXIF says"
    FRAMES = "the first of several frames or pages read"


Tell = Callable[[Change], object]


def depth_of(image: Image.Image) -> Depth:
    """How the values of an image can be read, before it is decoded."""
    if image.mode == "F":
        return Depth.REAL
    if image.mode.startswith("I"):
        return Depth.WHOLE
    layout = [tile[3] for tile in getattr(image, "tile", ())]  # of its pixels in the file; none once it is decoded
    if any(";16" in str(part) or (image.format == "PPM" and _beyond(part)) for part in layout):
        return Depth.COLOUR if image.format == "PNG" else Depth.CUT
    return Depth.BYTES


def _beyond(layout: object) -> bool:
    """Whether the white of a PPM, which is the last part of its layout, is beyond 8 bits."""
    return isinstance(layout, tuple) and isinstance(layout[-1], int) and layout[-1] > 255


def values_of(image: Image.Image) -> NDArray[Any]:
    """(height, width) values of an image whose depth is WHOLE or REAL."""
    tags = getattr(image, "tag_v2", {})
    values: NDArray[Any] = np.asarray(image)
    if image.mode == "I" and tags.get(258) == (32,) and tags.get(339, (1,)) == (1,):
        values = values.view(np.uint32)  # Pillow takes the upper half of unsigned numbers for negative ones
    if tags.get(262) == 0:  # white is zero, which Pillow mends for 8 bits only
        values = -values if values.dtype.kind == "f" else np.iinfo(values.dtype).max - values
    return values


def colours_of(content: bytes) -> NDArray[np.uint16]:
    """(height, width, channels) values of a PNG with 16 bits a colour."""
    from torchvision.io import decode_png  # noqa: PLC0415 - Pillow reads the upper 8 bits, and few files need it

    encoded = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    colours: NDArray[np.uint16] = decode_png(encoded).numpy().transpose(1, 2, 0)
    return colours


def scale_image(image: Image.Image, levels: Levels, tell: Tell) -> Image.Image:
    """An 8-bit image of one whose depth is WHOLE or REAL."""
    values = values_of(image)
    scaled = _scaled(values, levels, tell)
    if "transparency" in image.info:
        clear = values == image.info["transparency"]
        scaled[clear] = 255
        if clear.any():
            tell(Change.TRANSPARENT)
    return Image.fromarray(scaled)


def scale_colours(colours: NDArray[np.uint16], levels: Levels, tell: Tell) -> Image.Image:
    """An 8-bit image of `colours_of` a PNG, whose opacity is not scaled by `levels`."""
    channels = colours.shape[2]
    shown = channels - 1 if channels in (2, 4) else channels
    scaled = _scaled(colours[:, :, :shown], levels, tell)
    opacity = (colours[:, :, shown:] // 257).astype(np.uint8)
    return Image.fromarray(np.concatenate([scaled, opacity], axis=2))


def convert(image: Image.Image, mode: str, tell: Tell) -> Image.Image:
    """An image of 8 bits in the mode L or RGB; what is transparent becomes white."""
    if image.mode in ("La", "RGBa"):  # colours that are multiplied by their opacity
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode == "LAB":
        image = image.convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image.getchannel("A")).min() < 255:  # screenshots are opaque, and have the channel nevertheless
            tell(Change.TRANSPARENT)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def _scaled(values: NDArray[Any], levels: Levels, tell: Tell) -> NDArray[np.uint8]:
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not known.size:
        raise ValueError("none of its pixels is a finite number")
    if known.size < values.size:
        tell(Change.NOT_FINITE)
    first, last = known.min(), known.max()
    low, high = levels or _full_range(first, last)
    scaled = np.empty(values.shape, dtype=np.uint8)
    step = max(1, _ROWS // values[0].size)
    for start in range(0, len(values), step):  # in parts, to limit the memory
        part = np.nan_to_num(values[start : start + step].astype(np.float64), nan=low)
        scaled[start : start + step] = np.rint(((part - low) / (high - low)).clip(0, 1) * 255)
    tell(Change.SCALED)
    if first < last and scaled.min() == scaled.max():
        tell(Change.FLAT)
    return scaled


def _full_range(first: float, last: float) -> Levels:
    """The range of an image where no training image has more than 8 bits.

    Raises:
        ValueError: the values are not those of 16 bits, or use so few of them that the image would be dark.
    """
    if 0 <= first <= last <= FULL and isinstance(last, np.integer) and (last >= DARK or last == 0):
        return 0, FULL
    raise ValueError(
        f"its values are {first:g} to {last:g}, and no image of the training split has more than 8 bits: "
        "save it with values from 0 to 255"
    )
