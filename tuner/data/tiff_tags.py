"""Says what is in a TIFF that is not read, from the tags of its first image, and how to save it instead."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import BinaryIO

from PIL import TiffTags
from PIL.ExifTags import Base
from PIL.TiffImagePlugin import COMPRESSION_INFO

MOST_TAGS = 1000  # that are looked at; usual files have 20
MOST_VALUES = 64  # of a tag
_WANTED = (
    Base.BitsPerSample,
    Base.Compression,
    Base.PhotometricInterpretation,
    Base.SamplesPerPixel,
    Base.SampleFormat,
)
_TYPES = {TiffTags.BYTE: "B", TiffTags.SHORT: "H", TiffTags.LONG: "I", TiffTags.LONG8: "Q"}  # of whole numbers
_COLOURS = {
    0: "grey with 0 as white",
    1: "grey",
    2: "RGB",
    3: "palette",
    4: "mask",
    5: "CMYK",
    6: "YCbCr",
    8: "LAB",
    9: "LAB",
    10: "LAB",
    32803: "raw values of a camera",
    34892: "raw values of a camera",
}
_FORMATS = {1: "", 2: "signed ", 3: "floats of ", 5: "complex ", 6: "complex "}
_FLOATS = 3
Tags = dict[int, tuple[int, ...]]


def describe_tiff(file: BinaryIO) -> str:
    """In a few words what a TIFF holds, and how to save it so that it is read; "" where its tags cannot be read."""
    tags: Tags = {}
    file.seek(0)
    order = ", big-endian" if file.read(2) == b"MM" else ""
    with suppress(struct.error, OSError, OverflowError, ValueError):
        tags = read_tags(file)
    return _words(tags, order) if tags else ""


def read_tags(file: BinaryIO) -> Tags:
    """The tags of the first image that say how its values are laid out.

    Raises:
        struct.error: the file is cut off.
    """
    file.seek(0)
    head = file.read(4)
    order = "<" if head[:2] == b"II" else ">"
    large = struct.unpack(f"{order}H", head[2:4]) == (43,)  # BigTIFF, whose places have 64 bits
    place, count, size = ("Q", "Q", 20) if large else ("I", "H", 12)
    if large:
        file.seek(8)
    (first,) = _unpack(file, order + place)
    file.seek(first)
    (tags,) = _unpack(file, order + count)
    found: Tags = {}
    for entry in (file.read(size) for _ in range(min(tags, MOST_TAGS))):
        tag, kind, values = struct.unpack(f"{order}HH{place}", entry[: 4 + struct.calcsize(order + place)])
        if tag in _WANTED and kind in _TYPES and 0 < values <= MOST_VALUES:
            after = file.tell()
            layout = f"{order}{values}{_TYPES[kind]}"
            content = entry[-struct.calcsize(order + place) :]
            if struct.calcsize(layout) > len(content):
                file.seek(*struct.unpack(order + place, content))
                content = file.read(struct.calcsize(layout))
                file.seek(after)
            found[tag] = struct.unpack(layout, content[: struct.calcsize(layout)])
    return found


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _words(tags: Tags, order: str) -> str:
    bits = sorted(set(tags.get(Base.BitsPerSample, (1,))))
    bands = tags.get(Base.SamplesPerPixel, (len(tags.get(Base.BitsPerSample, (1,))),))[0]
    form = tags.get(Base.SampleFormat, (1,))[0]
    colours = _COLOURS.get(tags.get(Base.PhotometricInterpretation, (1,))[0], "an unknown kind of colours")
    values = f"{_FORMATS.get(form, 'unknown ')}{' and '.join(map(str, bits))} bit{'' if bits == [1] else 's'}"
    what = f"a TIFF of {bands} bands" if bands > 1 else "a TIFF"
    packed = tags.get(Base.Compression, (1,))[0]
    if packed not in COMPRESSION_INFO:
        return f"{what} of {values} ({colours}{order}), packed in a way that is not read ({packed}): save it unpacked"
    return f"{what} of {values} ({colours}{order}), which is not read: {_cure(bands, bits, form)}"


def _cure(bands: int, bits: list[int], form: int) -> str:
    if bands not in (1, 3, 4):
        return "save one or three of the bands, in grey or RGB"
    if bands == 1:
        return "save it as floats of 32 bits" if form == _FLOATS and bits != [32] else "save it in grey with 16 bits"
    return "save it in RGB with 8 or 16 bits"
