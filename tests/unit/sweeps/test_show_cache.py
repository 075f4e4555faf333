"""`tuner show` reads a dataset once, and again when something has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.dataset_files import cifar_rows, noise, write_small

from tuner.core import package
from tuner.data.source import Source
from tuner.sweeps import show


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all data, with a small CIFAR-10 in it."""
    root = write_small("cifar10", tmp_path, monkeypatch)
    monkeypatch.setenv("TUNER_DATA", str(root))
    return root


class Shown:
    """What is shown of a dataset, and how often it was read for that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.reads = 0
        self._home = home
        load = Source.load

        def counted(source: Source, limit: int | None = None) -> object:
            self.reads += 1
            return load(source, limit)

        monkeypatch.setattr(Source, "load", counted)
        self.measured = 0

        def measured(_: object) -> list[dict[str, Any]]:
            self.measured += 1
            return [{"model": "cnn", "taken": True, "text": f"measurement {self.measured}", "why_not": ""}]

        monkeypatch.setattr(show, "_short_list", measured)

    def show(self, dataset: str = "cifar10", model: str | None = None) -> dict[str, Any]:
        return show.describe(Source.parse(dataset, None), model, self._home / "pictures")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, home: Path) -> Shown:
    return Shown(monkeypatch, home)


def test_a_dataset_is_read_once_and_again_when_a_file_of_it_changes(root: Path, shown: Shown) -> None:
    first = shown.show()
    assert shown.show() == first
    assert shown.show(model="cnn")["dataset"] == first["dataset"]
    assert shown.reads == 1
    (root / "cifar-10-batches-bin/test_batch.bin").write_bytes(cifar_rows(90, 5).tobytes())
    assert shown.show()["dataset"]["samples"]["test"] == 90
    assert shown.reads == 2


def test_it_is_read_again_by_another_version_of_the_package(
    root: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shown.show()
    monkeypatch.setattr(package, "digest", lambda: "another")
    assert shown.show()["dataset"] == first["dataset"]
    assert (shown.reads, shown.measured) == (2, 2)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"code": 1}', b"\xff\xfe", None])
def test_a_damaged_cache_is_made_anew(root: Path, shown: Shown, damage: bytes | None) -> None:
    first = shown.show()
    [cache] = (root / "cache").glob("show-data-*.json")
    cache.write_bytes(cache.read_bytes()[:-20] if damage is None else damage)
    assert shown.show() == first
    assert shown.show() == first
    assert shown.reads == 2


def test_models_that_suit_are_measured_once_and_again_when_weights_or_spaces_come(root: Path, shown: Shown) -> None:
    first = shown.show()
    assert shown.show() == first
    assert shown.measured == 1
    for count, new in ((2, root / "weights/net.pth"), (3, Path("search_spaces/cifar10-cnn.toml"))):
        new.parent.mkdir()
        new.write_text("x")
        assert shown.show()["models"] != first["models"]
        shown.show()
        assert (shown.reads, shown.measured) == (1, count)


def test_a_cache_that_cannot_be_written_is_done_without(root: Path, shown: Shown) -> None:
    (root / "cache").write_text("a file")
    assert shown.show()["dataset"] == shown.show()["dataset"]
    assert (shown.reads, shown.measured) == (2, 2)


def test_a_folder_of_photos_is_read_again_when_one_comes_to_it(tmp_path: Path, root: Path, shown: Shown) -> None:
    photos = tmp_path / "photos"
    for number in range(40):
        noise(photos / ("cat" if number % 2 else "dog") / f"{number}.png", number)
    first = shown.show(f"folder:{photos}")
    assert shown.show(f"folder:{photos}") == first
    assert shown.reads == 1
    noise(photos / "cat/more.png", 99)
    assert shown.show(f"folder:{photos}") != first
    (tmp_path / "elsewhere").mkdir()
    (photos / "cat/link").symlink_to(tmp_path / "elsewhere")
    shown.show(f"folder:{photos}")
    shown.show(f"folder:{photos}")
    assert shown.reads == 4, "what lies behind a link to a folder is not looked at"


def test_the_picture_is_of_what_is_shown(tmp_path: Path, root: Path, shown: Shown) -> None:
    """Two folders of one name have one picture."""
    for place, samples in (("a", 40), ("b", 60)):
        for number in range(samples):
            noise(tmp_path / place / "photos" / ("cat" if number % 2 else "dog") / f"{number}.png", number)
    pictures = [Path(shown.show(f"folder:{tmp_path}/{place}/photos")["dataset"]["picture"]) for place in "aba"]
    assert len(set(pictures)) == 1
    last = pictures[0].stat().st_mtime_ns
    shown.show(f"folder:{tmp_path}/a/photos")
    assert pictures[0].stat().st_mtime_ns == last
    content = pictures[0].read_bytes()
    shown.show(f"folder:{tmp_path}/b/photos")
    assert pictures[0].read_bytes() != content
    assert shown.reads == 2


def test_reading_cifar10_does_not_import_torchvision(root: Path) -> None:
    code = (
        "import sys\nfrom tuner.core import catalog\nfrom tuner.core.files import data_root\n"
        "catalog.load('datasets', 'cifar10').load(data_root())\nassert 'torchvision' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "TUNER_DATA": str(root)})
