"""Downloads of datasets, seen on mnist: whole or not at all, and an end to waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dataset_files import Server, load, move_files, refusal, serve, write_small
from torchvision.datasets import MNIST


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_small("mnist", tmp_path, monkeypatch)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "web") as running:
        yield running


@pytest.fixture
def raw(root: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the files, which the server has, are missing from."""
    move_files(root / "MNIST" / "raw", server.folder)
    monkeypatch.setattr(MNIST, "mirrors", [server.url])
    return root / "MNIST" / "raw"


def test_one_that_is_cut_off_leaves_nothing_and_the_next_succeeds(root: Path, raw: Path, server: Server) -> None:
    server.half = True
    assert "could not be downloaded (File not found or corrupted.)" in refusal("mnist", root)
    assert list(raw.iterdir()) == []
    server.half = False
    assert len(load("mnist", root).train.targets) == 360


def test_replaces_a_file_with_another_sum(root: Path, raw: Path) -> None:
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"half a file")
    assert len(load("mnist", root).train.targets) == 360


def test_of_a_file_that_the_server_lacks_says_so(root: Path, raw: Path, server: Server) -> None:
    (server.folder / "t10k-images-idx3-ubyte.gz").unlink()
    assert "could not be downloaded (HTTP Error 404: " in refusal("mnist", root)
    assert len(list(raw.iterdir())) == 2  # the two before it are kept


def test_from_a_server_that_never_answers_ends(
    root: Path, raw: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.shutdown()  # the socket still accepts, and nobody answers
    monkeypatch.setattr("tuner.core.environment.DOWNLOAD_TIMEOUT_S", 0.2)
    assert "could not be downloaded (timed out)" in refusal("mnist", root)
    assert list(raw.iterdir()) == []


def test_into_a_place_that_cannot_be_written_says_so(root: Path, raw: Path) -> None:
    raw.rmdir()
    raw.write_text("a file where the folder should be")
    assert "could not be downloaded ([Errno " in refusal("mnist", root)
