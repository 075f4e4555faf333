"""The range of values of images beyond 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tuner.core.errors import TunerError
from tuner.data.image_files import read_header
from tuner.data.image_levels import find_levels
from tuner.data.pixels import Levels


def levels(files: Sequence[Path]) -> Levels:
    headers = [read_header(file) for file in files]
    return find_levels(files, [header.depth for header in headers if header is not None], "folder:x")


def images(folder: Path, kind: type[np.generic] = np.uint16, count: int = 20) -> list[Path]:
    rng = np.random.default_rng(0)
    files = []
    for number in range(count):
        files.append(folder / f"{number}.{'tif' if kind is np.float32 else 'png'}")
        Image.fromarray(rng.integers(200, 4001, (20, 20)).astype(kind)).save(files[-1])
    return files


def test_are_those_of_nearly_all_pixels(tmp_path: Path) -> None:
    files = images(tmp_path)
    hot = np.asarray(Image.open(files[0])).copy()
    hot[3, 4], hot[5, 6] = 65535, 0
    Image.fromarray(hot).save(files[0])
    low, high = levels(files)
    assert 200 <= low < 210
    assert 3990 < high <= 4000


def test_are_none_for_8_bits(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert levels([tmp_path / "a.png"]) == ()
    assert levels([]) == ()


def test_span_the_values_where_nearly_all_are_alike(tmp_path: Path) -> None:
    values = np.full((100, 100), 7, dtype=np.uint16)
    values[0, 0] = 900
    Image.fromarray(values).save(tmp_path / "a.png")
    assert levels([tmp_path / "a.png"]) == (7, 900)


def test_of_pixels_that_are_all_alike_there_are_none(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 7, dtype=np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(TunerError, match="folder:x: all pixels of the 1 image beyond 8 bits are 7"):
        levels([tmp_path / "a.png"])


def test_whole_numbers_and_floats_have_none_in_common(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(TunerError, match=r"20 images of 16 or 32 bits, such as 0\.png, and 20 images of floats"):
        levels([*images(tmp_path), *images(tmp_path / "b", np.float32)])


def test_colours_that_would_be_cut_to_a_dark_image_are_refused(tmp_path: Path) -> None:
    for white, dark in ((4095, True), (60000, False)):
        values = np.random.default_rng(0).integers(0, white, (8, 8, 3)).astype(">u2")
        (tmp_path / "a.ppm").write_bytes(b"P6 8 8 65535\n" + values.tobytes())
        if not dark:
            assert levels([tmp_path / "a.ppm"]) == ()
            continue
        with pytest.raises(TunerError, match=r"1 image of 16 bits a colour, such as a\.ppm, hold.* save them as PNG"):
            levels([tmp_path / "a.ppm"])


def test_a_broken_file_is_passed_over(tmp_path: Path) -> None:
    files = images(tmp_path)
    files[0].write_bytes(files[0].read_bytes()[:120])
    low, high = levels(files)
    assert low < high
