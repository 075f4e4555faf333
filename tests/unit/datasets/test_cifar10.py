"""CIFAR-10: its binary files, whole, broken, packed or missing."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest
import torch
from support.dataset_files import (
    CIFAR_ARCHIVE,
    CIFAR_FILES,
    Server,
    cifar_rows,
    load,
    pack_cifar,
    parts,
    refusal,
    serve,
    write_small,
)

from tuner.core import catalog


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_small("cifar10", tmp_path, monkeypatch)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "web") as running:
        yield running


def test_reads_classes_and_colour_planes(root: Path) -> None:
    splits = load("cifar10", root)
    assert [len(part.targets) for part in parts(splits)] == [270, 30, 60]
    for part in parts(splits):
        assert (part.inputs[:, 0, 0, 0] == 200).all()
        assert (part.inputs[:, 0, 0, 1] == 10 * part.targets).all()
        assert (part.inputs[:, 0, 1:] == 10 * part.targets[:, None, None]).all()
    rows = torch.from_numpy(cifar_rows(60, seed=5))
    assert torch.equal(splits.test.inputs[:, 2].flatten(1), rows[:, 1 + 2048 :])


def test_missing_names_every_file_and_where_to_put_it(root: Path) -> None:
    (root / "cifar-10-batches-bin" / "data_batch_3.bin").unlink()
    message = refusal("cifar10", root)
    assert message.startswith(f"cifar10 is not in {root} and could not be downloaded (<urlopen error ")
    for expected in (*CIFAR_FILES, str(root / "cifar-10-batches-bin"), CIFAR_ARCHIVE, "TUNER_DATA"):
        assert expected in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes is not a multiple of 3073 bytes, the size of a row"),
        (cifar_rows(60, 0).tobytes()[:-1], "184379 bytes is not a multiple of 3073 bytes, the size of a row"),
        (bytes([10]) * 3073, "it has the label 10, and the classes are 0 to 9"),
    ],
)
def test_a_broken_file_is_named_with_the_reason(root: Path, content: bytes, reason: str) -> None:
    path = root / "cifar-10-batches-bin" / "test_batch.bin"
    path.write_bytes(content)
    assert refusal("cifar10", root).startswith(f"cannot use {path} ({reason})")


def test_unpacks_an_archive_that_lies_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load("cifar10", root)
    pack_cifar(root, monkeypatch)
    assert torch.equal(load("cifar10", root).train.inputs, expected.train.inputs)
    assert sorted(path.name for path in (root / "cifar-10-batches-bin").iterdir()) == sorted(CIFAR_FILES)


def test_completes_a_folder_that_was_unpacked_in_part(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (root / "cifar-10-batches-bin" / "data_batch_1.bin").read_bytes()
    pack_cifar(root, monkeypatch)
    (root / "cifar-10-batches-bin").mkdir()
    (root / "cifar-10-batches-bin" / "data_batch_1.bin").write_bytes(content[:1000])
    assert len(load("cifar10", root).train.targets) == 270


def test_an_archive_with_another_sum_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack_cifar(root, monkeypatch)
    archive.write_bytes(archive.read_bytes()[:-100])
    assert refusal("cifar10", root).startswith(f"cannot use {archive} (its md5 is ")


def test_an_archive_without_its_files_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack_cifar(root, monkeypatch)
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("readme.html"), io.BytesIO())
    monkeypatch.setattr(catalog.load("datasets", "cifar10"), "MD5", md5(archive.read_bytes()).hexdigest())
    assert refusal("cifar10", root).startswith(f"cannot use {archive} ([Errno 2] No such file or directory")


def test_an_archive_that_would_write_elsewhere_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack_cifar(root, monkeypatch)
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../../escaped"), io.BytesIO())
    monkeypatch.setattr(catalog.load("datasets", "cifar10"), "MD5", md5(archive.read_bytes()).hexdigest())
    assert refusal("cifar10", root).startswith(f"cannot use {archive} (")
    assert not list(root.parent.rglob("escaped"))


def test_downloads_and_unpacks_the_archive_and_keeps_stdout_clean(
    root: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected = load("cifar10", root)
    archive = pack_cifar(root, monkeypatch)
    archive.rename(server.folder / archive.name)
    monkeypatch.setattr(catalog.load("datasets", "cifar10"), "URL", server.url + archive.name)
    for _ in range(2):  # the second time without a server
        assert torch.equal(load("cifar10", root).train.inputs, expected.train.inputs)
        server.folder = Path("gone")
    assert capsys.readouterr().out == ""
