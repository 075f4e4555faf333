"""Image files of more than 8 bits, which Pillow does not write."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def tiff(
    path: Path,
    values: NDArray[Any],
    *,
    kind: int = 1,
    photometric: int = 1,
    order: str = "<",
    deflated: bool = False,
    turn: int = 1,
) -> Path:
    """A TIFF; `kind` is 1 for unsigned, 2 for signed numbers and 3 for floats."""
    height, width = values.shape[:2]
    samples = values.shape[2] if values.ndim == 3 else 1
    bits = values.dtype.itemsize * 8
    content = values.astype(values.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
    content = zlib.compress(content) if deflated else content
    after = 8 + 2 + 12 * 11 + 4
    tags = [
        (256, width),
        (257, height),
        (258, bits if samples == 1 else after),
        (259, 8 if deflated else 1),
        (262, photometric),
    ]
    tags += [(273, after + 2 * samples), (274, turn), (277, samples), (278, height), (279, len(content)), (339, kind)]
    entries = b""
    for tag, value in tags:
        count = samples if tag == 258 else 1
        long = tag in (256, 257, 273, 278, 279) or (tag == 258 and samples > 1)
        packed = struct.pack(f"{order}I", value) if long else struct.pack(f"{order}HH", value, 0)
        entries += struct.pack(f"{order}HHI", tag, 4 if long and tag != 258 else 3, count) + packed
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    depths = struct.pack(f"{order}{samples}H", *[bits] * samples)
    path.write_bytes(head + entries + struct.pack(f"{order}I", 0) + depths + content)
    return path


def png(path: Path, values: NDArray[np.uint16]) -> Path:
    """A PNG of 16 bits a colour, with an alpha channel where there are two or four channels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width, channels = values.shape
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    return path
