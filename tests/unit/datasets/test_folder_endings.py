"""Files of a folder that are not read: each kind is told with what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from support.dataset_files import noise
from support.image_folders import load, refusal


@pytest.fixture
def folder(tmp_path: Path, caches: Path) -> Path:
    return tmp_path / "mixed"


@pytest.fixture
def images(folder: Path) -> Path:
    for seed in range(8):
        noise(folder / "ab"[seed % 2] / f"{seed}.png", seed, (12, 12))
    return folder


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("1.avif", "1 .avif: not a format that is read: save them as PNG or JPEG"),
        ("1.TGA", "1 .tga: not a format that is read: save them as PNG or JPEG"),
        ("1.jp2", "1 .jp2: not a format that is read: save them as PNG or JPEG"),
        ("1.dcm", "1 .dcm: DICOM: not a format that is read, save them as PNG of 16 bits"),
        ("1.nii", "1 .nii: not a format that is read: save them as PNG of 16 bits"),
        ("1.tfrecord", "1 .tfrecord: not a format that is read: save each image in it as PNG"),
        ("1.zip", "1 .zip: not a format that is read: unpack them"),
        ("train-00000-of-00002", "1 without an ending: not a format that is read: save each image in it as PNG"),
        ("1.strange", "1 .strange: not a format that is read"),
        ("1.json", "1 .json: no image"),
    ],
)
def test_a_format_that_is_not_read_is_told_with_its_cure(images: Path, name: str, why: str) -> None:
    (images / "a" / name).write_bytes(b"?")
    assert load(images).notes == (f"{why}, such as a/{name}",)


@pytest.mark.parametrize(
    ("form", "ending"),
    [
        ("JPEG", ".jpg"),
        ("PNG", ".png"),
        ("GIF", ".gif"),
        ("TIFF", ".tif"),
        ("WEBP", ".webp"),
        ("BMP", ".bmp"),
        ("PPM", ".ppm"),
    ],
)
@pytest.mark.parametrize("name", ["0001", "0001.strange"])
def test_images_of_each_format_that_is_read_are_told_by_their_content(
    images: Path, form: str, ending: str, name: str
) -> None:
    Image.new("RGB", (12, 12), "red").save(images / "a" / name, form)
    [note] = load(images).notes
    assert note.endswith(f": read by the endings of images alone: name them {ending}, such as a/{name}")
    (images / "a" / name).rename(images / "a" / f"0001{ending}")
    assert not any("ending" in note for note in load(images).notes)


def test_files_without_an_ending_are_told_by_what_they_hold(images: Path) -> None:
    (images / "a" / "0001").write_bytes(b"PK\3\4 of a zip")
    assert load(images).notes == ("1 without an ending: not a format that is read: unpack them, such as a/0001",)
    (images / "a" / "0001").write_bytes(bytes(128) + b"DICM")
    expected = "1 without an ending: DICOM: save it as PNG of 16 bits, such as a/0001"
    assert load(images).notes == (expected,)
    (images / "a" / "0001").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    expected = "1 without an ending: HEIC, as phones write it: save it as JPEG, such as a/0001"
    assert load(images).notes == (expected,)
    (images / "a" / "0001").write_bytes(b"what it is, nobody knows")
    assert load(images).notes == ("1 without an ending: no image, such as a/0001",)


@pytest.mark.parametrize(
    ("names", "holds"),
    [
        (("pos/1.txt", "pos/2.txt", "neg/1.txt"), "3 .txt"),
        (("train/pos/1.txt", "train/neg/1.txt", "test/neg/1.txt"), "3 .txt"),
        (("spam/1.eml", "ham/1.eml"), "2 .eml"),
        (("sci.space/60150", "rec.autos/101"), "2 texts"),
    ],
)
def test_folders_of_texts_are_refused_in_words_of_their_own(folder: Path, names: tuple[str, ...], holds: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("It was a fine film, and I shall see it again.")
    assert refusal(folder) == (
        f"holds {holds} and no image: write text:{folder} for texts in folders of their classes, "
        "text:PATH --text COLUMN for texts in a table"
    )
