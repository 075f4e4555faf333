"""The MNIST family: four IDX files, whole, broken, unpacked or missing."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
import torch
from support.dataset_files import NOBODY, Server, idx, idx_images, load, move_files, parts, refusal, serve, write_small
from torchvision.datasets import MNIST, FashionMNIST


@pytest.fixture
def root(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_small(name, tmp_path, monkeypatch)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "web") as running:
        yield running


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
class TestIdx:
    def test_keeps_images_and_labels_together(self, name: str, folder: str, root: Path) -> None:
        del folder
        splits = load(name, root)
        assert [len(part.targets) for part in parts(splits)] == [360, 40, 100]
        for part in parts(splits):
            numbers = part.inputs[:, 0, 0, :2].long() @ torch.tensor([256, 1])
            assert (numbers % 10).tolist() == part.targets.tolist()
        official = torch.from_numpy(idx_images(100, 1000)).unsqueeze(1)
        assert torch.equal(splits.test.inputs, official)

    def test_reads_unpacked_files_too(self, name: str, folder: str, root: Path) -> None:
        expected = load(name, root)
        for packed in (root / folder / "raw").iterdir():
            packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
            packed.unlink()
        assert torch.equal(load(name, root).train.inputs, expected.train.inputs)

    def test_trusts_a_packed_file_with_the_right_sum_more_than_an_unpacked_one(
        self, name: str, folder: str, root: Path
    ) -> None:
        (root / folder / "raw" / "train-images-idx3-ubyte").write_bytes(b"half an unpacked file")
        assert len(load(name, root).train.targets) == 360

    def test_missing_names_every_file_and_where_to_put_it(self, name: str, folder: str, root: Path) -> None:
        raw = root / folder / "raw"
        (raw / "t10k-labels-idx1-ubyte.gz").unlink()
        message = refusal(name, root)
        assert message.startswith(f"{name} is not in {root} and could not be downloaded (<urlopen error ")
        for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
            assert f"{part}-ubyte.gz" in message
        assert message.endswith(f" into {raw}, or name another folder with TUNER_DATA")

    @pytest.mark.parametrize(
        ("file", "content", "reason"),
        [
            ("train-images-idx3-ubyte", b"", "it starts with  instead of 00000803"),
            ("train-images-idx3-ubyte", b"<html>no such file</html>", "it starts with 3c68746d instead of 00000803"),
            ("train-images-idx3-ubyte", idx(idx_images(400, 0))[:12], "it ends after 12 bytes, within its header"),
            ("train-images-idx3-ubyte", idx(idx_images(400, 0))[:-1], "it has 313615 bytes instead of 313616"),
            ("t10k-images-idx3-ubyte", idx(idx_images(100, 0)[:, 1:]), "its shape is (100, 27, 28) instead of"),
            ("t10k-images-idx3-ubyte", idx(idx_images(0, 0)), "its shape is (0, 28, 28): it holds no data"),
            ("t10k-labels-idx1-ubyte", idx(np.zeros(99, np.uint8)), "it has 99 labels for 100 images"),
            ("t10k-labels-idx1-ubyte", idx(np.full(100, 10, np.uint8)), "it has the label 10, and the classes are 0"),
        ],
    )
    def test_a_broken_file_is_named_with_the_reason(
        self, name: str, folder: str, root: Path, file: str, content: bytes, reason: str
    ) -> None:
        path = root / folder / "raw" / file
        path.with_name(f"{file}.gz").unlink()
        path.write_bytes(content)
        assert refusal(name, root).startswith(f"cannot use {path} ({reason}")

    def test_a_packed_file_with_another_sum_is_named(self, name: str, folder: str, root: Path) -> None:
        path = root / folder / "raw" / "train-labels-idx1-ubyte.gz"
        path.write_bytes(path.read_bytes()[:-20])
        message = refusal(name, root)
        assert message.startswith(f"cannot use {path} (its md5 is {md5(path.read_bytes()).hexdigest()} instead of ")
        assert "a new download failed" in message

    def test_a_packed_file_that_is_no_gzip_is_named(
        self, name: str, folder: str, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = {"MNIST": MNIST, "FashionMNIST": FashionMNIST}[folder]
        path = root / folder / "raw" / "train-labels-idx1-ubyte.gz"
        path.write_bytes(b"no gzip")
        sums = [
            (file, md5(b"no gzip").hexdigest() if file == path.name else digest) for file, digest in source.resources
        ]
        monkeypatch.setattr(source, "resources", sums)
        assert refusal(name, root).startswith(f"cannot use {path} (Not a gzipped file")

    def test_downloads_once_and_keeps_stdout_clean(
        self,
        name: str,
        folder: str,
        root: Path,
        server: Server,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        expected = load(name, root)
        move_files(root / folder / "raw", server.folder)
        monkeypatch.setattr({"MNIST": MNIST, "FashionMNIST": FashionMNIST}[folder], "mirrors", [NOBODY, server.url])
        for _ in range(2):  # the second time without a server
            assert torch.equal(load(name, root).train.inputs, expected.train.inputs)
            server.folder = Path("gone")
        assert capsys.readouterr().out == ""
        assert len(list((root / folder / "raw").iterdir())) == 4
