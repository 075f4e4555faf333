"""Every mode of Pillow and every depth of a file: the pixels that are seen, or one line."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms
from support.image_files import png, tiff

from tuner.core.errors import TunerError
from tuner.data.image_files import read_header
from tuner.data.images import read_image, read_images
from tuner.data.pixels import Change, Depth, Levels

SHADES = (np.arange(64, dtype=np.uint8) * 4).reshape(8, 8)
COLOURS = np.dstack([SHADES, 255 - SHADES, SHADES.T])
GREY = {"L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "F"}
MODES = [*sorted(GREY), "1", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"]


def in_mode(mode: str) -> Image.Image:
    """SHADES in a grey mode, COLOURS in another one."""
    if mode.startswith("I;16"):
        values = (SHADES.astype(np.uint16) * 257).astype(">u2" if mode == "I;16B" else "<u2")
        return Image.frombytes(mode, (8, 8), values.tobytes())
    image = Image.fromarray(SHADES if mode in GREY else COLOURS)
    if mode in ("La", "RGBa"):
        return image.convert("LA" if mode == "La" else "RGBA").convert(mode)
    if mode == "PA":
        return image.convert("P").convert("PA")
    if mode == "LAB":
        profiles = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
        converted = ImageCms.profileToProfile(image, *profiles, outputMode="LAB")
        assert converted is not None
        return converted
    return image.convert(mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_of_pillow_is_seen_as_it_is(mode: str, channels: int) -> None:
    changes: list[Change] = []
    levels: Levels = (0, 255) if mode in ("I", "F") else ()
    pixels = read_image(in_mode(mode), (channels, 8, 8), levels=levels, tell=changes.append)
    true = read_image(Image.fromarray(SHADES if mode in GREY else COLOURS), (channels, 8, 8))
    assert pixels.dtype == torch.uint8
    if mode == "1":
        assert set(pixels.flatten().tolist()) == {0, 255}
    else:
        assert (pixels.int() - true.int()).abs().float().mean() < (15 if mode in ("P", "PA") else 2)
    assert changes == ([Change.SCALED] if mode.startswith(("I", "F")) else [])


TWELVE = SHADES.astype(np.uint16) * 16  # up to 4032, as a camera of 12 bits has them


@pytest.mark.parametrize(
    ("values", "options", "levels"),
    [
        (TWELVE, {}, (0, 4080)),
        (TWELVE, {"order": ">"}, (0, 4080)),
        (65535 - TWELVE, {"photometric": 0}, (0, 4080)),
        ((TWELVE.astype(np.int32) - 2000).astype(np.int16), {"kind": 2}, (-2000, 2080)),
        (TWELVE.astype(np.int32) * 1000, {"kind": 2}, (0, 4_080_000)),
        (TWELVE.astype(np.uint32) * 1_000_000, {}, (0, 4_080_000_000)),
        ((TWELVE / 4080).astype(np.float32), {"kind": 3}, (0, 1)),
        ((TWELVE / 4080).astype(np.float32), {"kind": 3, "order": ">"}, (0, 1)),
        (-(TWELVE / 4080).astype(np.float32), {"kind": 3, "photometric": 0}, (0, 1)),
    ],
)
def test_every_kind_of_number_is_scaled_by_the_levels(
    tmp_path: Path, values: NDArray[Any], options: dict[str, Any], levels: Levels
) -> None:
    image = read_image(tiff(tmp_path / "a.tif", values, **options), (1, 8, 8), levels=levels)
    assert torch.equal(image[0], torch.from_numpy(SHADES))


@pytest.mark.parametrize("kind", ["RGB.png", "RGBA.png", "RGB.tif", "RGB, big-endian.tif", "RGB, deflated.tif"])
def test_of_16_bits_a_colour_all_are_kept(tmp_path: Path, kind: str) -> None:
    values = np.dstack([TWELVE, 4080 - TWELVE, TWELVE.T]).astype(np.uint16)
    path = tmp_path / kind
    if path.suffix == ".tif":
        tiff(path, values, photometric=2, order=">" if "big" in kind else "<", deflated="deflated" in kind)
    else:
        opaque = np.full((8, 8, 1), 65535, dtype=np.uint16)
        png(path, values if kind == "RGB.png" else np.concatenate([values, opaque], axis=2))
    true = torch.from_numpy((values // 16).astype(np.uint8)).permute(2, 0, 1)
    for source in (path, path.read_bytes()):
        assert torch.equal(read_image(source, (3, 8, 8), levels=(0, 4080)), true)
    with Image.open(path) as opened:
        assert torch.equal(read_image(opened, (3, 8, 8), levels=(0, 4080)), true)


def test_without_levels_16_bits_that_are_used_become_8_and_others_are_refused(tmp_path: Path) -> None:
    full = tiff(tmp_path / "full.tif", SHADES.astype(np.uint16) * 257)
    assert torch.equal(read_image(full, (1, 8, 8))[0], torch.from_numpy(SHADES))
    for values, kind in ((TWELVE, 1), (TWELVE.astype(np.int32) * 99, 2), (TWELVE.astype(np.float32), 3)):
        path = tiff(tmp_path / "a.tif", values, kind=kind)
        with pytest.raises(TunerError, match=r"a\.tif: its values are 0 to .* save it with values from 0 to 255"):
            read_image(path, (1, 8, 8))


def test_what_pillow_would_misread_or_not_read_is_refused_in_words(tmp_path: Path) -> None:
    signed = tiff(tmp_path / "a.tif", SHADES.astype(np.int8), kind=2)
    with pytest.raises(TunerError, match="a TIFF of signed 8-bit values, which are not read"):
        read_image(signed, (1, 8, 8))
    double = tiff(tmp_path / "a.tif", SHADES.astype(np.float64), kind=3)
    with pytest.raises(
        TunerError, match="a TIFF of a kind that is not read, such as one of five bands or of 64-bit floats"
    ):
        read_image(double, (1, 8, 8))
    nothing = tiff(tmp_path / "a.tif", np.full((8, 8), np.nan, dtype=np.float32), kind=3)
    with pytest.raises(TunerError, match="none of its pixels is a finite number"):
        read_image(nothing, (1, 8, 8), levels=(0, 1))


def test_pixels_that_are_not_finite_are_told(tmp_path: Path) -> None:
    values = np.full((8, 8), 0.5, dtype=np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    changes: list[Change] = []
    image = read_image(tiff(tmp_path / "a.tif", values, kind=3), (1, 8, 8), levels=(0, 1), tell=changes.append)
    assert image[0, 0, :4].tolist() == [0, 255, 0, 128]
    assert changes == [Change.NOT_FINITE, Change.SCALED]


def test_an_image_that_the_levels_make_flat_is_told(tmp_path: Path) -> None:
    changes: list[Change] = []
    values = (SHADES / 255).astype(np.float32)
    read_image(tiff(tmp_path / "a.tif", values, kind=3), (1, 8, 8), levels=(100, 4000), tell=changes.append)
    assert changes == [Change.SCALED, Change.FLAT]


def test_16_bits_a_colour_that_pillow_cuts_are_told(tmp_path: Path) -> None:
    ppm = tmp_path / "a.ppm"
    ppm.write_bytes(b"P6 8 8 65535\n" + (COLOURS.astype(np.uint16) * 257).astype(">u2").tobytes())
    opaque = np.full((8, 8, 1), 65535, dtype=np.uint16)
    grey = png(tmp_path / "a.png", np.concatenate([(SHADES.astype(np.uint16) * 257)[:, :, None], opaque], axis=2))
    for path, true in ((ppm, COLOURS), (grey, np.dstack([SHADES] * 3))):
        changes: list[Change] = []
        image = read_image(path, (3, 8, 8), tell=changes.append)
        assert torch.equal(image, torch.from_numpy(true).permute(2, 0, 1))
        assert changes == [Change.CUT]
        header = read_header(path)
        assert header is not None
        assert header.depth is Depth.CUT


def test_a_clear_grey_of_16_bits_is_white(tmp_path: Path) -> None:
    Image.fromarray(SHADES.astype(np.uint16) * 257).save(tmp_path / "a.png", transparency=0)
    changes: list[Change] = []
    image = read_image(tmp_path / "a.png", (1, 8, 8), tell=changes.append)
    assert image[0, 0, :2].tolist() == [255, 4]
    assert Change.TRANSPARENT in changes


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "gif", "webp"])
def test_a_path_its_bytes_and_the_open_file_are_read_alike(tmp_path: Path, ending: str) -> None:
    coarse = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / f"a.{ending}"
    coarse.resize((600, 450)).save(path, exif=exif)
    true = read_image(path, (3, 40, 30))
    content = path.read_bytes()
    with Image.open(path) as opened:
        sources = (content, bytearray(content), memoryview(content), opened, Image.open(io.BytesIO(content)))
        assert all(torch.equal(read_image(source, (3, 40, 30)), true) for source in sources)


def test_an_open_file_can_be_used_afterwards(tmp_path: Path) -> None:
    Image.fromarray(COLOURS).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as opened:
        read_image(opened, (3, 4, 4))
        assert np.array_equal(np.asarray(opened), COLOURS)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_an_image_beyond_8_bits_is_turned_upright(tmp_path: Path, ending: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(TWELVE).save(tmp_path / f"a.{ending}", exif=exif)
    changes: list[Change] = []
    image = read_image(tmp_path / f"a.{ending}", (1, 8, 8), levels=(0, 4080), tell=changes.append)
    assert torch.equal(image[0], torch.from_numpy(SHADES[::-1, ::-1].copy()))
    assert Change.TURNED in changes


def test_a_tiff_of_16_bits_a_colour_is_turned_upright_once(tmp_path: Path) -> None:
    values = np.dstack([TWELVE, 4080 - TWELVE, TWELVE.T]).astype(np.uint16)
    image = read_image(tiff(tmp_path / "a.tif", values, photometric=2, turn=3), (3, 8, 8), levels=(0, 4080))
    true = (values[::-1, ::-1] // 16).astype(np.uint8)
    assert torch.equal(image, torch.from_numpy(true.copy()).permute(2, 0, 1))


def test_damaged_files_beyond_8_bits_are_refused_or_read_and_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    colours = np.dstack([TWELVE, 4080 - TWELVE, TWELVE.T]).astype(np.uint16)
    outcomes = set()
    for path in (tiff(tmp_path / "a.tif", TWELVE), tiff(tmp_path / "b.tif", colours), png(tmp_path / "c.png", colours)):
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(50):
            damaged = whole.copy()
            damaged[rng.integers(0, len(whole), 3)] = rng.integers(0, 256, 3)
            path.write_bytes(damaged.tobytes())
            images, good, broken = read_images([path], (3, 8, 8), levels=(0, 4080))
            assert len(images) == len(good) == 1 - len(broken)
            outcomes.add(len(good))
    assert outcomes == {0, 1}
