"""Image files of every kind to tensors, and broken ones to one line."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tuner.core.errors import TunerError
from tuner.data.image_files import read_header
from tuner.data.images import read_image, read_images
from tuner.data.pixels import Change, Depth

COLOURS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def plain(path: Path, colour: str = "red", mode: str = "RGB", size: tuple[int, int] = (12, 8)) -> Path:
    Image.new("RGB", size, colour).convert(mode).save(path)
    return path


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(path: Path, width: int, height: int) -> Path:
    """A PNG whose header promises so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(TunerError) as error:
        read_image(path, (3, 8, 8))
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


class TestReadImage:
    def test_keeps_every_pixel_of_an_image_of_the_right_size(self, tmp_path: Path) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "a.png")
        Image.fromarray(pixels[:, :, 0]).save(tmp_path / "b.png")
        colour, grey = read_image(tmp_path / "a.png", (3, 8, 12)), read_image(tmp_path / "b.png", (1, 8, 12))
        assert colour.dtype == torch.uint8
        assert torch.equal(colour, torch.from_numpy(pixels).permute(2, 0, 1))
        assert torch.equal(grey, torch.from_numpy(pixels[None, :, :, 0]))

    def test_scales_to_cover_and_crops_to_the_centre(self, tmp_path: Path) -> None:
        pixels = np.zeros((20, 80, 3), dtype=np.uint8)
        pixels[:, 28:52] = COLOURS["green"]  # the square in the middle, and what scaling mixes in beside it
        Image.fromarray(pixels).save(tmp_path / "wide.png")
        image = read_image(tmp_path / "wide.png", (3, 10, 10))
        assert image.shape == (3, 10, 10)
        assert (image == torch.tensor(COLOURS["green"])[:, None, None]).all()

    def test_scales_up(self, tmp_path: Path) -> None:
        image = read_image(plain(tmp_path / "small.png", "blue", size=(1, 1)), (3, 32, 32))
        assert (image == torch.tensor(COLOURS["blue"])[:, None, None]).all()

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_takes_every_mode(self, tmp_path: Path, mode: str, channels: int) -> None:
        path = tmp_path / ("image.tif" if mode in {"CMYK", "YCbCr"} else "image.png")
        if mode == "I;16":
            Image.fromarray(np.full((8, 12), 65535, dtype=np.uint16)).save(path)
        else:
            plain(path, "white", mode)
        image = read_image(path, (channels, 6, 6))
        assert image.shape == (channels, 6, 6)
        assert int(image.min()) >= 253

    def test_of_16_bits_keeps_the_upper_ones(self, tmp_path: Path) -> None:
        for name in ("a.png", "a.pgm", "a.tif"):
            Image.fromarray(np.full((8, 8), 128 * 257, dtype=np.uint16)).save(tmp_path / name)
            assert set(read_image(tmp_path / name, (1, 8, 8)).flatten().tolist()) == {128}

    def test_a_jpeg_for_print_has_its_colours(self, tmp_path: Path) -> None:
        image = read_image(plain(tmp_path / "print.jpg", "red", "CMYK"), (3, 8, 8)).float().mean((1, 2))
        assert image.tolist() == pytest.approx(COLOURS["red"], abs=8)

    def test_what_is_transparent_is_white(self, tmp_path: Path) -> None:
        Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "clear.png")
        Image.new("RGBA", (8, 8), (0, 0, 0, 128)).save(tmp_path / "half.png")
        palette = Image.new("RGB", (8, 8), "blue").convert("P")
        palette.save(tmp_path / "palette.png", transparency=palette.getpixel((0, 0)))
        assert (read_image(tmp_path / "clear.png", (3, 8, 8)) == 255).all()
        assert (read_image(tmp_path / "half.png", (1, 8, 8)) == 127).all()
        assert (read_image(tmp_path / "palette.png", (1, 8, 8)) == 255).all()

    def test_is_turned_upright(self, tmp_path: Path) -> None:
        pixels = np.zeros((40, 80, 3), dtype=np.uint8)
        pixels[:, :40] = COLOURS["red"]
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned right by a quarter, so that its left is up
        Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif, quality=95)
        image = read_image(tmp_path / "turned.jpg", (3, 80, 40))
        assert int(image[0, :35].min()) > 240
        assert int(image[0, 45:].max()) < 15

    def test_of_an_animation_takes_the_first_frame(self, tmp_path: Path) -> None:
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
        for name in ("a.gif", "a.webp", "a.png"):
            frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=50, lossless=True)
            image = read_image(tmp_path / name, (3, 8, 8)).float().mean((1, 2))
            assert image.tolist() == pytest.approx(COLOURS["red"], abs=2)

    def test_of_a_large_photograph_is_what_slow_scaling_gives(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        coarse.resize((1600, 1200), Image.Resampling.BICUBIC).save(tmp_path / "large.jpg", quality=95)
        with Image.open(tmp_path / "large.jpg") as full:
            slow = np.asarray(full.resize((64, 48), Image.Resampling.BILINEAR)).transpose(2, 0, 1).astype(float)
        fast = read_image(tmp_path / "large.jpg", (3, 48, 64)).numpy().astype(float)
        assert np.abs(fast - slow).mean() < 2

    def test_has_the_units_of_the_data(self, tmp_path: Path) -> None:
        pixels = np.array([[0, 51, 127, 255]], dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "grey.png")
        assert read_image(tmp_path / "grey.png", (1, 1, 4), white=16).flatten().tolist() == [0, 3, 8, 16]

    def test_goes_by_the_content_and_not_by_the_name(self, tmp_path: Path) -> None:
        plain(tmp_path / "a.png").rename(tmp_path / "a.jpg")
        assert read_image(tmp_path / "a.jpg", (3, 8, 8)).shape == (3, 8, 8)


class TestBroken:
    def test_is_refused_with_the_reason(self, tmp_path: Path) -> None:
        whole = plain(tmp_path / "whole.jpg", size=(200, 200)).read_bytes()
        contents = {
            "empty.jpg": (b"", "the file is empty"),
            "text.jpg": (b"<html>no such page</html>", "a web page and not an image: fetch it again"),
            "words.jpg": (b"no image", "not an image that can be read"),
            "phone.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC, as phones write it: save it as JPEG"),
            "pointer.png": (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
            "cut.jpg": (whole[: len(whole) // 2], "image file is truncated"),
            "head.jpg": (whole[:30], ""),
            "page.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image that can be read"),
        }
        for name, (content, reason) in contents.items():
            (tmp_path / name).write_bytes(content)
            assert refusal(tmp_path / name).startswith(reason)

    def test_missing_or_a_folder_is_refused(self, tmp_path: Path) -> None:
        assert refusal(tmp_path / "gone.png") == "No such file or directory"
        assert refusal(tmp_path) == "Is a directory"

    @pytest.mark.parametrize(("width", "height"), [(8_001, 8_000), (12_000, 12_000), (60_000, 60_000)])
    def test_too_large_is_refused_before_it_is_decoded(self, tmp_path: Path, width: int, height: int) -> None:
        reason = refusal(bomb(tmp_path / "bomb.png", width, height))
        assert "64,000,000" in reason

    def test_damaged_anywhere_is_refused_or_read_and_nothing_else(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        outcomes = set()
        for ending in ("png", "gif", "webp", "tif", "bmp", "jpg", "ppm"):
            path = tmp_path / f"image.{ending}"
            Image.fromarray(pixels).save(path)
            whole = np.frombuffer(path.read_bytes(), np.uint8)
            for _ in range(30):
                damaged = whole.copy()
                damaged[rng.integers(0, len(whole), 3)] = rng.integers(0, 256, 3)
                path.write_bytes(damaged.tobytes())
                images, good, broken = read_images([path], (3, 8, 8))
                assert len(images) == len(good) == 1 - len(broken)
                outcomes.add(len(good))
        assert outcomes == {0, 1}


class TestReadImages:
    def test_keeps_the_order_and_names_the_broken(self, tmp_path: Path) -> None:
        colours = list(COLOURS) * 10
        paths = [plain(tmp_path / f"{number}.png", colour) for number, colour in enumerate(colours)]
        for number in (3, 17):
            paths[number].write_bytes(b"")
        images, good, broken = read_images(paths, (3, 4, 4))
        assert good == [number for number in range(40) if number not in {3, 17}]
        assert broken == [f"{paths[number]}: the file is empty" for number in (3, 17)]
        assert images[:, :, 0, 0].tolist() == [list(COLOURS[colours[number]]) for number in good]

    def test_tells_what_it_has_changed_in_which_image(self, tmp_path: Path) -> None:
        paths = [plain(tmp_path / f"{number}.png") for number in range(3)]
        Image.new("RGBA", (8, 8), (9, 9, 9, 99)).save(paths[1])
        told: list[tuple[int, Change]] = []
        read_images(paths, (3, 8, 8), tell=lambda *change: told.append(change))
        assert sorted(told) == [(0, Change.BLANK), (1, Change.BLANK), (1, Change.ON_WHITE), (2, Change.BLANK)]

    def test_of_no_paths_are_none(self) -> None:
        images, good, broken = read_images([], (1, 8, 8))
        assert images.shape == (0, 1, 8, 8)
        assert (good, broken) == ([], [])


def test_the_shape_of_a_file_is_known_from_its_header(tmp_path: Path) -> None:
    assert read_header(plain(tmp_path / "a.png")) == (3, 8, 12, Depth.BYTES, ".png")
    assert read_header(plain(tmp_path / "b.png", mode="L")) == (1, 8, 12, Depth.BYTES, ".png")
    assert read_header(bomb(tmp_path / "c.png", 60_000, 60_000)) is None
    assert read_header(tmp_path / "gone.png") is None
