"""What is told of a folder of images that is read: odd sizes, classes that may be none, names that are not used."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from support.dataset_files import noise
from support.image_folders import counts, load, write

from tuner.data.image_files import read_header


@pytest.fixture
def folder(tmp_path: Path, caches: Path) -> Path:
    return tmp_path / "photos"


def turned(path: Path, seed: int) -> Path:
    """An image of 20x60 pixels, stored lying on its side as phones do."""
    noise(path, seed, (60, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(path) as image:
        image.save(path, exif=exif)
    return path


def test_sizes_that_differ_far_from_the_models_are_counted(folder: Path) -> None:
    write(folder, "a", "b", size=(40, 40))
    noise(folder / "a" / "strip.png", 900, (400, 40))
    noise(folder / "b" / "line.png", 901, (1, 40))
    assert load(folder).notes == (
        "2 of 12 images: of another shape than the model's images, so that much is cut off; such as a/strip.png (90%, "
        "400x40 pixels, the model's images have 40x40)",
        "1 of 12 images: much smaller than the model's images; such as b/line.png (1x40 pixels, the model's images "
        "have 40x40)",
    )


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
def test_a_turned_image_has_the_size_that_is_seen(tmp_path: Path, ending: str) -> None:
    header = read_header(turned(tmp_path / f"a.{ending}", 0))
    assert header is not None
    assert (header.width, header.height) == (20, 60)


def test_images_that_are_all_turned_keep_the_size_that_is_seen(folder: Path) -> None:
    for seed in range(8):
        turned(folder / "ab"[seed % 2] / f"{seed}.jpg", seed)
    splits = load(folder)
    assert splits.spec.shape == (3, 60, 20)
    assert splits.notes == ("8 images: turned upright, as its EXIF says, such as a/0.jpg",)


@pytest.mark.parametrize("name", ["no_label", "Unlabeled", "unknown"])
def test_a_class_that_may_be_none_is_told(folder: Path, name: str) -> None:
    write(folder, "a", name, "background")
    assert load(folder).notes == (
        f"'{name}' counts as a class beside the others: leave it out if its images have no class yet",
    )


@pytest.mark.parametrize("name", ["holdout", "Hold-out", "hold_out_set"])
def test_a_holdout_is_the_test_split(folder: Path, name: str) -> None:
    write(folder / "train", "a", "b")
    write(folder / name, "a", "b", count=2)
    assert counts(load(folder))[2] == [2, 2]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("names.txt", "n01 tench, Tinca tinca\nn02 great white shark\nn03 newt\n"),
        ("names.csv", "id,name\nn01,tench\nn02,shark\n"),
        ("names.json", '{"n01": "tench", "n02": "shark"}'),
    ],
)
def test_names_of_classes_that_are_not_used_are_told(folder: Path, file: str, content: str) -> None:
    write(folder, "n01", "n02")
    (folder / file).write_text(content)
    name = "tench, Tinca tinca" if file == "names.txt" else "tench"
    told = f"{file} names the classes, such as '{name}' for 'n01': not used, classes are called as their folders"
    assert load(folder).notes[0] == told


@pytest.mark.parametrize("content", ["n01\nn02\n", "n01 a\nn02 a\n", "n01: n01\nn02: n02\n", "n01 tench\n"])
def test_a_list_that_gives_no_other_names_is_no_more_than_a_text(folder: Path, content: str) -> None:
    write(folder, "n01", "n02")
    (folder / "names.txt").write_text(content)
    assert load(folder).notes == ("1 .txt: no image, such as names.txt",)


def test_the_results_of_tuner_are_no_class(folder: Path) -> None:
    write(folder, "a", "b", "runs/pictures")
    assert load(folder).spec.classes == ("a", "b")
    (folder / "runs" / "pictures").rename(folder / "runs" / "marathon")
    assert load(folder).spec.classes == ("a", "b", "runs")
