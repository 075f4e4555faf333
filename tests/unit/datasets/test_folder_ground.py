"""Folders of transparent images: they get a ground on which they can be seen, and what cannot be seen is told."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.dataset_files import noise, parts
from support.image_folders import load

from tuner.data.encoding import to_inputs
from tuner.data.spec import DataSpec
from tuner.training.samples import SampleReader


@pytest.fixture
def folder(tmp_path: Path, caches: Path) -> Path:
    return tmp_path / "icons"


def icons(folder: Path, *colours: int) -> None:
    """Shapes in the opacity of images that have one colour each, in turn; no two are alike."""
    rng = np.random.default_rng(0)
    for name in "ab":
        (folder / name).mkdir(parents=True)
        for number in range(8):
            pixels = np.full((16, 16, 4), colours[number % len(colours)], np.uint8)
            pixels[:, :, 3] = 255 * rng.integers(0, 2, (16, 16))
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


@pytest.mark.parametrize(
    ("colours", "ground", "note"),
    [
        ((0,), 255, ""),
        ((90, 0), 255, ""),
        ((255,), 0, "transparent pixels become black: 10 of the 10 transparent images of the training split would be "),
        ((255, 0), 128, "transparent pixels become grey: "),
    ],
)
def test_the_ground_keeps_images_visible(folder: Path, colours: tuple[int, ...], ground: int, note: str) -> None:
    icons(folder, *colours)
    for _ in range(2):  # the second time from the cache
        splits = load(folder)
        assert splits.spec.ground == ground
        assert splits.notes[0].startswith(note or "16 images: transparent pixels made white")
        assert len(splits.notes) == 1 + bool(note)
        rows = torch.cat([part.inputs for part in parts(splits)]).flatten(1)
        assert len({row.numpy().tobytes() for row in rows}) == 16


def test_every_way_in_has_the_ground_of_training(folder: Path) -> None:
    icons(folder, 255)
    spec = DataSpec.from_json(asdict(load(folder).spec))
    path = folder / "a" / "0.png"
    with Image.open(path) as image:
        pixels = np.array(image)
    expected = torch.from_numpy(pixels[:, :, 3].copy()).expand(3, 16, 16)[None]
    (samples,) = SampleReader(spec, [str(path)])
    assert torch.equal(samples.inputs, expected)
    for raw in (path, path.read_bytes(), Image.fromarray(pixels), pixels, [pixels]):
        assert torch.equal(to_inputs(spec, raw), expected)


def test_a_model_of_an_earlier_version_keeps_white(folder: Path) -> None:
    icons(folder, 255)
    kept = asdict(load(folder).spec)
    del kept["ground"]
    assert bool((to_inputs(DataSpec.from_json(kept), folder / "a" / "0.png") == 255).all())


def test_images_of_one_colour_are_counted(folder: Path) -> None:
    for seed in range(12):
        noise(folder / "ab"[seed % 2] / f"{seed}.png", seed, (20, 20))
    for name, colour in (("a", "black"), ("b", "white")):
        Image.new("RGB", (20, 20), colour).save(folder / name / "blank.jpg")
    Image.new("RGBA", (20, 20), (9, 9, 9, 0)).save(folder / "b" / "clear.png")
    notes = load(folder).notes
    assert "2 images: one colour once read, or nearly, such as a/blank.jpg" in notes
    lost = "1 image: one colour once read: what can be seen has the colour that transparent pixels get, such as b/clear"
    assert any(note.startswith(lost) for note in notes)


def test_twins_that_are_other_files_are_alike_once_read(folder: Path) -> None:
    for seed in range(10):
        noise(folder / "train" / "ab"[seed % 2] / f"{seed}.png", seed, (20, 20))
        noise(folder / "test" / "ab"[seed % 2] / f"{seed}.png", 100 + seed, (20, 20))
    for colour in range(3):  # white on white, in both classes; on white and on black a third is lost
        for part, name in (("train", "a"), ("train", "b"), ("test", "a"), ("test", "b")):
            clear = Image.new("RGBA", (20, 20), (colour, colour, colour, 0))
            clear.save(folder / part / name / f"clear{colour}.png")
    notes = load(folder).notes
    assert any("images with a twin in another class, alike once read, such as " in note for note in notes)
    assert any(note.startswith("6 images of the test split also trained or validated on") for note in notes)
