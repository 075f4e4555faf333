"""The cache of datasets: used when nothing changed, made again when something did, done without when it must."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
import torch

from tuner.data.spec import Column, DataSpec, Split, Splits

SPEC = DataSpec(
    name="demo",
    task="tabular",
    shape=(2,),
    classes=("no", "yes"),
    mean=(0.1, 1 / 3),
    std=(1.0, 2.0),
    columns=(Column(name="a", fill=0.1), Column(name="b", categories=("x",))),
)


class Source:
    """A file, and how often it was read."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "source.txt"
        self.file.write_text("one")
        self.reads = 0

    def load(self, recipe: str = "plain") -> Splits:
        cached = import_module("tuner.datasets._cache").cached
        splits: Splits = cached("demo", self.file.parent, [self.file], recipe, self._read)
        return splits

    def _read(self) -> Splits:
        self.reads += 1
        first, second, third = (Split(torch.full((3, 2), value), torch.tensor([0, 1, 1])) for value in (0.1, 1.0, 2.0))
        return Splits(SPEC, first, second, third, (f"read {self.file.read_text()}", "über"))


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setenv("TUNER_DATA", str(tmp_path / "data"))
    (tmp_path / "source").mkdir()
    return Source(tmp_path / "source")


def caches(folder: Path) -> list[Path]:
    return sorted((folder / "data" / "cache").iterdir())


def test_gives_back_what_was_read(source: Source, tmp_path: Path) -> None:
    first, second = source.load(), source.load()
    assert source.reads == 1
    assert len(caches(tmp_path)) == 1
    assert (first.spec, first.notes) == (second.spec, second.notes)
    for part in ("train", "validation", "test"):
        for one, other in zip(getattr(first, part), getattr(second, part), strict=True):
            assert torch.equal(one, other)
            assert one.dtype == other.dtype


@pytest.mark.parametrize("change", ["content", "time", "recipe", "gone"])
def test_is_made_again_after_a_change_and_the_old_one_removed(source: Source, tmp_path: Path, change: str) -> None:
    source.load()
    before = caches(tmp_path)
    if change == "content":
        source.file.write_text("another")
    elif change == "time":
        source.file.touch()
    elif change == "gone":
        source.file = source.file.with_name("other.txt")
        source.file.write_text("one")
    splits = source.load("fancy" if change == "recipe" else "plain")
    assert source.reads == 2
    assert splits.notes[0] == f"read {source.file.read_text()}"
    assert len(caches(tmp_path)) == 1
    assert caches(tmp_path) != before


@pytest.mark.parametrize("damage", ["empty", "half", "header", "text"])
def test_that_is_damaged_is_made_again(source: Source, tmp_path: Path, damage: str) -> None:
    source.load()
    (path,) = caches(tmp_path)
    content = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "half": content[: len(content) // 2],
            "header": content.replace(b"spec", b"spoc"),
            "text": b"no tensors here",
        }[damage]
    )
    for _ in range(2):
        assert source.load().notes == ("read one", "über")
    assert source.reads == 2


def test_that_cannot_be_written_is_done_without(source: Source, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    for reads in (1, 2):
        assert source.load().notes[0] == "read one"
        assert source.reads == reads


def test_of_another_source_stays(source: Source, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    other = Source(tmp_path / "more")
    for _ in range(2):
        source.load()
        other.load()
    assert (source.reads, other.reads) == (1, 1)
    assert len(caches(tmp_path)) == 2
