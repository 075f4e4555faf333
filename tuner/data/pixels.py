"""Pixels of any kind become 8 bits: whole numbers and floats by a range, and what is transparent by a ground."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum, StrEnum
from io import BytesIO
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Levels = tuple[float, ...]
"""The values that become black and white: (low, high), or () for images of 8 bits."""

FULL = 65_535  # the white of 16 bits
DARK = FULL // 4  # a file whose brightest value is lower does not use its bits: 12 or 14 of a camera, say
_BIG = ("RGB;16B", "RGBA;16B") + (("RGB;16N", "RGBA;16N") if sys.byteorder == "big" else ())
_LITTLE = ("RGB;16L", "RGBA;16L") + (("RGB;16N", "RGBA;16N") if sys.byteorder == "little" else ())
_ROWS = 1 << 20  # values that are scaled at a time
_ALIKE = 2  # of 255: an image whose values differ by no more has nothing to see in it
WHITE, GREY, BLACK = 255, 128, 0


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
    ON_WHITE = "transparent pixels made white"
    ON_GREY = "transparent pixels made grey"
    ON_BLACK = "transparent pixels made black"
    LOST = "one colour once read: what can be seen has the colour that transparent pixels get"
    BLANK = "one colour once read, or nearly"
    TURNED = "turned upright, as its EXIF says"
    FRAMES = "the first of several frames or pages read"


Tell = Callable[[Change], object]
GROUNDS = {WHITE: Change.ON_WHITE, BLACK: Change.ON_BLACK, GREY: Change.ON_GREY}
"""What transparent pixels may become, in the order in which it is preferred."""


def depth_of(image: Image.Image) -> Depth:
    """How the values of an image can be read, before it is decoded."""
    if image.mode == "F":
        return Depth.REAL
    if image.mode.startswith("I"):
        return Depth.WHOLE
    tiles = getattr(image, "tile", ())  # the parts of its file; none once it is decoded
    if any(_layout(tile) not in (*_BIG, *_LITTLE) and (";16" in _layout(tile) or _beyond(tile)) for tile in tiles):
        return Depth.CUT
    return Depth.COLOUR if any(";16" in _layout(tile) for tile in tiles) else Depth.BYTES


def _beyond(tile: tuple[Any, ...]) -> bool:
    """Whether it is of a PPM whose white, the last of its arguments, is beyond 8 bits."""
    return bool(tile[0].startswith("ppm") and tile[3][-1] > 255)


def values_of(image: Image.Image) -> NDArray[Any]:
    """(height, width) values of an image whose depth is WHOLE or REAL."""
    tags = getattr(image, "tag_v2", {})
    values: NDArray[Any] = np.asarray(image)
    if image.mode == "I" and tags.get(258) == (32,) and tags.get(339, (1,)) == (1,):
        values = values.view(np.uint32)  # Pillow takes the upper half of unsigned numbers for negative ones
    if tags.get(262) == 0:  # white is zero, which Pillow mends for 8 bits only
        values = -values if values.dtype.kind == "f" else np.iinfo(values.dtype).max - values
    return values


def colours_of(image: Image.Image, content: bytes) -> NDArray[np.uint16]:
    """(height, width, channels) values of an image whose depth is COLOUR; `content` is its file.

    Pillow keeps the upper byte of each value. Told that the bytes come in the other order, it keeps the lower one.
    """
    colours: NDArray[np.uint16] = np.asarray(image).astype(np.uint16)
    colours <<= 8
    with Image.open(BytesIO(content), formats=("PNG", "TIFF")) as again:
        again.tile = [tile._replace(args=_swapped(tile.args)) for tile in again.tile]
        colours |= np.asarray(again)
    return colours


def _layout(tile: tuple[Any, ...]) -> str:
    """How the pixels of a part of a file are laid out, such as `RGB;16B`."""
    return str(tile[3][0] if isinstance(tile[3], tuple) and tile[3] else tile[3])


def _swapped(arguments: Any) -> Any:
    if isinstance(arguments, tuple):
        return (_swapped(arguments[0]), *arguments[1:])
    return arguments[:-1] + ("L" if arguments in _BIG else "B")


def scale_image(image: Image.Image, levels: Levels, ground: int, tell: Tell) -> Image.Image:
    """An 8-bit image of one whose depth is WHOLE or REAL."""
    values = values_of(image)
    scaled = _scaled(values, levels, tell)
    if "transparency" in image.info:
        clear = values == image.info["transparency"]
        scaled[clear] = ground
        if clear.any():
            tell(GROUNDS[ground])
    return Image.fromarray(scaled)


def scale_colours(colours: NDArray[np.uint16], levels: Levels, tell: Tell) -> Image.Image:
    """An 8-bit image of `colours_of` an image, whose opacity is not scaled by `levels`."""
    channels = colours.shape[2]
    shown = channels - 1 if channels in (2, 4) else channels
    scaled = _scaled(colours[:, :, :shown], levels, tell)
    opacity = (colours[:, :, shown:] // 257).astype(np.uint8)
    return Image.fromarray(np.concatenate([scaled, opacity], axis=2))


def convert(image: Image.Image, mode: str, ground: int, tell: Tell) -> Image.Image:
    """An image of 8 bits in the mode L or RGB; what is transparent becomes the ground, a grey of 0 to 255."""
    if image.mode in ("La", "RGBa"):  # colours that are multiplied by their opacity
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode == "LAB":
        image = image.convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image.getchannel("A")).min() < 255:  # screenshots are opaque, and have the channel nevertheless
            tell(GROUNDS[ground])
        image = Image.alpha_composite(Image.new("RGBA", image.size, (ground, ground, ground)), image)
    return image.convert(mode)


def tell_blank(image: Image.Image, ground: int, told: list[Change]) -> None:
    """Adds to what was told of an image of the mode L or RGB that it is of one colour, or nearly."""
    ends = [cast("tuple[int, int]", band.getextrema()) for band in image.split()]
    if Change.FLAT in told or any(high - low > _ALIKE for low, high in ends):
        return
    on_ground = all(abs(low - ground) <= _ALIKE for low, _ in ends) and not set(told).isdisjoint(GROUNDS.values())
    told.append(Change.LOST if on_ground else Change.BLANK)


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
