"""What cannot be read is named by what is in it, with the smallest change that helps."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.image_files import tiff

from tuner.core.errors import TunerError
from tuner.data.images import read_image
from tuner.data.tiff_tags import describe_tiff

GREY_16 = np.arange(0, 16 * 16 * 250, 250, dtype=np.uint16).reshape(16, 16)


def reason(path: Path) -> str:
    with pytest.raises(TunerError) as error:
        read_image(path, (3, 16, 16), levels=(0, 65535))
    return str(error.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("values", "form", "words"),
    [
        (
            np.zeros((16, 16, 5), np.uint8),
            {},
            "a TIFF of 5 bands of 8 bits (grey), which is not read: save one or three of the bands, in grey or RGB",
        ),
        (
            np.zeros((16, 16, 3), np.float32),
            {"kind": 3, "photometric": 2, "order": ">"},
            "a TIFF of 3 bands of floats of 32 bits (RGB, big-endian), which is not read: save it in RGB with 8 or 16 "
            "bits",
        ),
        (
            np.zeros((16, 16)),
            {"kind": 3},
            "a TIFF of floats of 64 bits (grey), which is not read: save it as floats of 32 bits",
        ),
        (
            np.zeros((16, 16), np.uint64),
            {"photometric": 0},
            "a TIFF of 64 bits (grey with 0 as white), which is not read: save it in grey with 16 bits",
        ),
    ],
)
def test_a_tiff_that_is_not_read_is_named_by_its_tags(
    tmp_path: Path, values: Any, form: dict[str, Any], words: str
) -> None:
    assert reason(tiff(tmp_path / "a.tif", values, **form)) == words


def test_a_tiff_that_is_packed_in_an_unknown_way_is_named(tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", GREY_16)
    tag = struct.pack("<HHI", 259, 3, 1)
    path.write_bytes(path.read_bytes().replace(tag + struct.pack("<H", 1), tag + struct.pack("<H", 34712)))
    assert reason(path) == "a TIFF of 16 bits (grey), packed in a way that is not read (34712): save it unpacked"


@pytest.mark.parametrize("length", [4, 8, 9, 40, 150])
def test_a_tiff_that_is_cut_off_is_told_in_one_line(tmp_path: Path, length: int) -> None:
    path = tiff(tmp_path / "a.tif", np.zeros((16, 16, 5), np.uint8))
    path.write_bytes(path.read_bytes()[:length])
    assert reason(path).startswith("a TIFF ")


def test_the_tags_of_a_hostile_tiff_are_read_within_limits() -> None:
    entry = struct.pack("<HHII", 258, 16, 0x7FFFFFFF, 8)
    assert describe_tiff(BytesIO(b"II*\0" + struct.pack("<IH", 8, 65535) + entry * 65535)) == ""
    assert describe_tiff(BytesIO(b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 2**64 - 1))) == ""
    assert describe_tiff(BytesIO(b"II+\0" + struct.pack("<HHQ", 8, 0, 2**64 - 1))) == ""


@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize("photometric", [0, 1])
def test_the_order_of_bytes_changes_nothing(tmp_path: Path, photometric: int, deflated: bool) -> None:
    read = [
        read_image(
            tiff(tmp_path / "a.tif", GREY_16, photometric=photometric, order=order, deflated=deflated),
            (1, 16, 16),
            levels=(0, 65535),
        )
        for order in "<>"
    ]
    assert torch.equal(*read)
    assert len(set(read[0].flatten().tolist())) > 200


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000: save it as PNG, with 8 or 16 bits"),
        (b"\0\0\0\x1cftypavif", "AVIF, which may have more than 8 bits: save it as PNG or JPEG"),
        (b"\0\0\0\x18ftypheic", "HEIC, as phones write it: save it as JPEG"),
        (bytes(128) + b"DICM", "DICOM: save it as PNG of 16 bits"),
        (b"anything \xff\x0a", "not an image that can be read"),
        (b"", "the file is empty"),
    ],
)
def test_other_files_are_named_by_how_they_begin(tmp_path: Path, start: bytes, words: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(start)
    assert reason(path) == words
