"""Images to predict: what is read, what is left out, and what is unusual in them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.training.sample_batches import Samples
from tuner.training.samples import SampleReader

COLOURS = DataSpec(name="c", task="image", shape=(3, 40, 60), classes=("cat", "dog"), mean=(0,) * 3, std=(1,) * 3)
GREY = DataSpec(name="g", task="image", shape=(1, 40, 60), classes=("cat", "dog"), mean=(0,), std=(1,))


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def read(data: DataSpec, *files: Path) -> tuple[Samples, SampleReader]:
    """All samples in one batch, and the reader."""
    reader = SampleReader(data, [str(file) for file in files])
    [samples] = reader
    return samples, reader


def kinds(samples: Samples) -> list[list[str]]:
    return [[note.kind for note in notes] for notes in samples.notes]


def test_a_folder_is_read_in_order_and_a_broken_image_is_left_out(tmp_path: Path) -> None:
    for name in ("dog/2", "dog/1", "cat/1"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        noise(60, 40).save(tmp_path / f"{name}.png")
    (tmp_path / "cat" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    samples, reader = read(COLOURS, tmp_path)
    assert samples.names == [str(tmp_path / name) for name in ("cat/1.png", "dog/1.png", "dog/2.png")]
    assert samples.truths == ["cat", "dog", "dog"]
    assert samples.inputs.shape == (3, 3, 40, 60)
    assert kinds(samples) == [[]] * 3
    assert reader.broken == [f"{tmp_path}/cat/0.png: not an image that can be read"]


def test_images_of_another_size_or_shape_are_told(tmp_path: Path) -> None:
    for name, size in {"small": (20, 15), "wide": (300, 60), "large": (600, 400), "tall": (50, 80)}.items():
        noise(*size).save(tmp_path / f"{name}.png")
    samples, reader = read(COLOURS, *(tmp_path / f"{name}.png" for name in ("small", "wide", "large", "tall")))
    shape = "of another shape than the model's images, so that much is cut off"
    assert kinds(samples) == [["much smaller than the model's images"], [shape], [], [shape]]
    small = f"such as {tmp_path}/small.png (20x15 pixels, the model's images have 60x40)"
    assert reader.notes()[0] == f"1 of 4 images: much smaller than the model's images; {small}"
    assert f"2 of 4 images: {shape}; such as {tmp_path}/wide.png (70%, 300x60 pixels" in reader.notes()[1]


def test_colours_are_told_to_a_grey_model_and_grey_saved_as_colours_is_not(tmp_path: Path) -> None:
    noise(60, 40).save(tmp_path / "colour.png")
    noise(60, 40).save(tmp_path / "colour.jpg")
    noise(60, 40, "L").convert("RGB").save(tmp_path / "grey.jpg")
    noise(60, 40, "L").save(tmp_path / "plain.png")
    noise(60, 40).quantize(16).save(tmp_path / "palette.gif")
    samples, _ = read(
        GREY, *(tmp_path / f for f in ("colour.png", "colour.jpg", "grey.jpg", "plain.png", "palette.gif"))
    )
    told = ["in colour, where the model is for grey images"]
    assert kinds(samples) == [told, told, [], [], told]


def test_what_reading_changes_is_told(tmp_path: Path) -> None:
    image = noise(60, 40, "RGBA")
    image.putalpha(100)
    image.save(tmp_path / "clear.png")
    samples, _ = read(COLOURS, tmp_path / "clear.png")
    assert kinds(samples) == [["transparent pixels made white"]]


def test_an_image_is_read_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    noise(60, 40).save(content, "PNG")
    for given, good in ((content.getvalue(), True), (b"no image", False)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        reader = SampleReader(COLOURS, ["-"])
        if good:
            assert [samples.names for samples in reader] == [["-"]]
        else:
            with pytest.raises(TunerError, match=r"^-: not an image that can be read$"):
                list(reader)


def test_many_images_are_read_in_batches_of_bounded_size(tmp_path: Path) -> None:
    data = DataSpec(name="b", task="image", shape=(1, 2000, 2000), classes=("a", "b"), mean=(0,), std=(1,))
    Image.new("L", (2000, 2000), 128).save(tmp_path / "a.png")
    batches = [samples.names for samples in SampleReader(data, [str(tmp_path / "a.png")] * 6)]
    assert [len(names) for names in batches] == [4, 2]


def test_nothing_that_can_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(TunerError, match=r"a.png: the file is empty \(and 1 more\)$"):
        list(SampleReader(COLOURS, [str(tmp_path / "a.png"), str(tmp_path / "b.png")]))
    with pytest.raises(TunerError, match="name at least one file"):
        list(SampleReader(COLOURS, []))
