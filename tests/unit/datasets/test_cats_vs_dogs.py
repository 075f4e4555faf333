"""Cats and dogs: the pets' lists and archives, Kaggle's folder, and broken files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from support.dataset_files import Server, load, noise, pack, parts, refusal, serve, write_small
from torchvision.datasets import OxfordIIITPet

REAL = os.environ.get("TUNER_DATA")
KAGGLE_FOLDERS = ["PetImages", "kagglecatsanddogs_5340/PetImages", "cats_vs_dogs/PetImages", "cats_vs_dogs"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_small("cats_vs_dogs", tmp_path, monkeypatch)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "web") as running:
        yield running


@pytest.fixture
def pets(root: Path) -> Path:
    return root / "oxford-iiit-pet"


def counts(root: Path) -> list[list[int]]:
    return [torch.bincount(part.targets).tolist() for part in parts(load("cats_vs_dogs", root))]


def write_kaggle(folder: Path, count: int = 20) -> Path:
    for number in range(count):
        noise(folder / "Cat" / f"{number}.jpg", number, (50, 40), "L")
        noise(folder / "Dog" / f"{number}.jpg", 1000 + number, (40, 50))
    (folder / "Cat" / "Thumbs.db").write_bytes(b"what Windows leaves there")
    return folder


def test_uses_the_official_lists_and_the_species(root: Path, pets: Path) -> None:
    assert counts(root) == [[16, 24], [4, 6], [20, 30]]
    colours = ["red", "blue"]  # cats and dogs
    for list_ in ("trainval", "test"):
        for line in (pets / "annotations" / f"{list_}.txt").read_text().splitlines():
            stem, _, species, _ = line.split()
            Image.new("RGB", (30, 20), colours[int(species) - 1]).save(pets / "images" / f"{stem}.jpg")
    splits = load("cats_vs_dogs", root)
    assert splits.spec.classes == ("cat", "dog")
    assert splits.notes == ("100 images: one colour once read, or nearly, such as images/Birman_test_0.jpg",)
    for part in parts(splits):
        assert torch.equal(part.inputs[:, 2].float().mean((1, 2)) > 128, part.targets == 1)


def test_broken_and_missing_files_are_counted(root: Path, pets: Path) -> None:
    (pets / "images" / "Birman_trainval_3.jpg").write_bytes(b"")
    (pets / "images" / "beagle_test_30.jpg").unlink()
    for _ in range(2):  # the second time from the cache
        splits = load("cats_vs_dogs", root)
        assert splits.notes == ("2 broken files skipped, such as images/Birman_trainval_3.jpg: the file is empty",)
        assert sum(len(part.targets) for part in parts(splits)) == 98
        assert len(splits.test.targets) == 49


def test_a_mended_file_is_read(root: Path, pets: Path) -> None:
    path = pets / "images" / "beagle_test_30.jpg"
    content = path.read_bytes()
    path.write_bytes(content[:100])
    assert len(load("cats_vs_dogs", root).test.targets) == 49
    path.write_bytes(content)
    splits = load("cats_vs_dogs", root)
    assert len(splits.test.targets) == 50
    assert splits.notes == ()


@pytest.mark.parametrize("line", ["Birman_1 1 1", "Birman_1 1 3 1", "<html>"])
def test_a_broken_list_is_named(root: Path, pets: Path, line: str) -> None:
    path = pets / "annotations" / "test.txt"
    path.write_text(f"{path.read_text()}{line}\n")
    assert refusal("cats_vs_dogs", root).startswith(f"cannot use {path} (line 51 is '{line}' instead of NAME BREED")


def test_a_missing_list_and_missing_images_are_named(root: Path, pets: Path) -> None:
    shutil.rmtree(pets / "images")
    (pets / "images").mkdir()
    first = "images/Birman_trainval_0.jpg: No such file or directory"
    expected = f"{pets}: none of the 50 images can be read, for example {first}"
    assert refusal("cats_vs_dogs", root) == expected
    (pets / "annotations" / "test.txt").unlink()
    assert refusal("cats_vs_dogs", root).startswith(f"cannot use {pets / 'annotations' / 'test.txt'} (")


def test_a_class_without_images_is_named(root: Path, pets: Path) -> None:
    for path in (pets / "images").glob("Birman*"):
        path.unlink()
    assert (
        refusal("cats_vs_dogs", root)
        == f"{pets}: each class needs at least 2 samples, but 'cat' has 0: add some, or leave it out"
    )


def test_downloads_and_unpacks_both_archives(
    root: Path, pets: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = load("cats_vs_dogs", root)
    names = ("images", "annotations")
    resources = [(f"{server.url}{name}.tar.gz", pack(pets / name, server.folder / f"{name}.tar.gz")) for name in names]
    monkeypatch.setattr(OxfordIIITPet, "_RESOURCES", resources)
    for _ in range(2):  # the second time without a server
        assert torch.equal(load("cats_vs_dogs", root).train.inputs, expected.train.inputs)
        server.folder = Path("gone")
    assert capsys.readouterr().out == ""
    assert sorted(path.name for path in pets.iterdir()) == [
        "annotations",
        "annotations.tar.gz",
        "images",
        "images.tar.gz",
    ]


def test_an_archive_of_something_else_is_named(root: Path, pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pets / "images.tar.gz"
    digest = pack(pets / "annotations", archive)
    shutil.rmtree(pets / "images")
    monkeypatch.setattr(OxfordIIITPet, "_RESOURCES", [(f"http://127.0.0.1:9/{archive.name}", digest)])
    assert refusal("cats_vs_dogs", root).startswith(f"cannot use {archive} ([Errno 2] No such file or directory")
    assert list(pets.iterdir()) == [archive]


def test_missing_says_what_to_put_where(root: Path, pets: Path) -> None:
    shutil.rmtree(pets)
    message = refusal("cats_vs_dogs", root)
    assert message.startswith(f"cats_vs_dogs is not in {root} and could not be downloaded (")
    assert f"put the folders images and annotations or their archives into {pets}, or" in message


@pytest.mark.parametrize("name", KAGGLE_FOLDERS)
def test_prefers_the_folder_of_kaggle_wherever_it_lies(root: Path, name: str) -> None:
    folder = write_kaggle(root / name)
    (folder / "Dog" / "5.jpg").write_bytes(b"")
    (folder / "Cat" / "Thumbs.db").write_bytes(b"")  # as in the set that people download
    assert counts(root) == [[13, 12], [3, 3], [4, 4]]
    splits = load("cats_vs_dogs", root)
    assert splits.notes == (
        f"read from {folder}, which has no official test split: scores are not comparable with oxford-iiit-pet",
        "1 broken file skipped, such as Dog/5.jpg: the file is empty",
        "1 hidden file or folder skipped, such as Cat/Thumbs.db",
    )
    for part in parts(splits):  # the cats are grey
        assert torch.equal((part.inputs[:, 0] == part.inputs[:, 1]).all(2).all(1), part.targets == 0)


@pytest.mark.realdata
@pytest.mark.skipif(REAL is None, reason="TUNER_DATA names no folder with the real sets")
def test_the_real_pets_have_their_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_DATA", str(tmp_path))
    splits = load("cats_vs_dogs", Path(REAL or ""))
    assert splits.spec.shape == (3, 160, 160)
    assert len(splits.test.targets) >= 300
    assert len(splits.validation.targets) == pytest.approx(0.2 * (len(splits.train.targets) / 0.8), abs=2)
    assert all(90 < mean < 140 for mean in splits.spec.mean)
    assert all(60 < std < 80 for std in splits.spec.std)
