"""Every dataset of the catalog, and what happens to missing, broken and half-downloaded files.

The sets that are downloaded are tested on small files of the true format, and for real where TUNER_DATA names them.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
from collections.abc import Callable, Iterator
from hashlib import md5
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from torchvision.datasets import MNIST, FashionMNIST

from tuner import catalog
from tuner.augment import AUGMENTATIONS
from tuner.data import Split, Splits, moments
from tuner.errors import TunerError

SAMPLES = {"train": 400, "t10k": 100}
CIFAR_FILES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"
NOBODY = "http://127.0.0.1:9/"  # the discard port: nothing listens there


def idx(values: np.ndarray) -> bytes:
    """The values as an IDX file, laid out as on http://yann.lecun.com/exdb/mnist/."""
    return bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def idx_images(samples: int, first: int) -> np.ndarray:
    """Grey images whose first two pixels are their number, so that each can be told from all others."""
    images = np.random.default_rng(first).integers(0, 256, (samples, 28, 28), dtype=np.uint8)
    numbers = np.arange(first, first + samples)
    images[:, 0, 0], images[:, 0, 1] = numbers // 256, numbers % 256
    return images


def write_idx(source: type[MNIST], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four gzipped files; torchvision's class is made to expect their md5 and to find no mirror."""
    raw = root / source.__name__ / "raw"
    raw.mkdir(parents=True)
    resources = []
    for part, first in (("train", 0), ("t10k", 1000)):
        labels = (np.arange(SAMPLES[part]) % 10).astype(np.uint8)
        for file, values in (("images-idx3", idx_images(SAMPLES[part], first)), ("labels-idx1", labels)):
            content = gzip.compress(idx(values), mtime=0)
            (raw / f"{part}-{file}-ubyte.gz").write_bytes(content)
            resources.append((f"{part}-{file}-ubyte.gz", md5(content).hexdigest()))
    monkeypatch.setattr(source, "resources", resources)
    monkeypatch.setattr(source, "mirrors", [NOBODY])


def cifar_rows(samples: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).integers(0, 256, (samples, 3073), dtype=np.uint8)
    rows[:, 0] = np.arange(samples) % 10
    rows[:, 1:1025] = 10 * rows[:, :1]  # the red plane repeats the class, to tell red from blue and rows from columns
    rows[:, 1] = 200
    return rows


def write_cifar(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for seed, file in enumerate(CIFAR_FILES):
        (folder / file).write_bytes(cifar_rows(60, seed).tobytes())
    monkeypatch.setattr(catalog.load("datasets", "cifar10"), "URL", NOBODY + CIFAR_ARCHIVE)


def pack_cifar(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Turns the folder that `write_cifar` wrote into the archive that the web site has."""
    archive, folder = root / CIFAR_ARCHIVE, root / "cifar-10-batches-bin"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    monkeypatch.setattr(catalog.load("datasets", "cifar10"), "MD5", md5(archive.read_bytes()).hexdigest())
    return archive


def nothing_to_write(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For sets that ship with a library."""


# A new dataset that reads files needs a line here that writes small ones.
WRITERS: dict[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "breast_cancer": nothing_to_write,
    "cifar10": write_cifar,
    "digits": nothing_to_write,
    "fashion_mnist": lambda root, monkeypatch: write_idx(FashionMNIST, root, monkeypatch),
    "mnist": lambda root, monkeypatch: write_idx(MNIST, root, monkeypatch),
}
DATASETS = catalog.names("datasets")
IDX_SETS = [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")]


def load(name: str, root: Path) -> Splits:
    splits: Splits = catalog.load("datasets", name).load(root)
    return splits


def parts(splits: Splits) -> list[Split]:
    return [splits.train, splits.validation, splits.test]


def listing(root: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in root.rglob("*")}


def refusal(name: str, root: Path) -> str:
    """The one line with which loading is refused."""
    with pytest.raises(TunerError) as error:
        load(name, root)
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(params=DATASETS)
def name(request: pytest.FixtureRequest) -> str:
    dataset: str = request.param
    return dataset


@pytest.fixture
def root(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small copy of the dataset `name`."""
    folder = tmp_path / "data with spaces"
    folder.mkdir()
    WRITERS[name](folder, monkeypatch)
    return folder


class Server(ThreadingHTTPServer):
    """Serves a folder, or half of each file, or lets callers wait."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.half = folder, False
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing about clients that hang up: torchvision does, after looking for redirects."""


class Handler(SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.server.folder / Path(self.path).name
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.server.half else content)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the tests' output clean."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "web"
    folder.mkdir()
    with Server(folder) as running:
        Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


class TestEveryDataset:
    def test_describes_itself(self, name: str, root: Path) -> None:
        spec = load(name, root).spec
        assert spec.name == name
        assert len(set(spec.classes)) == len(spec.classes) >= 2
        assert len(spec.mean) == len(spec.std) == spec.shape[0]
        assert set(spec.augment) <= set(AUGMENTATIONS)
        assert spec.task == "image" or not spec.augment
        assert pickle.loads(pickle.dumps(spec)) == spec

    def test_has_splits_of_the_promised_types_and_shapes(self, name: str, root: Path) -> None:
        splits = load(name, root)
        for inputs, targets in parts(splits):
            assert inputs.dtype == (torch.uint8 if splits.spec.task == "image" else torch.float32)
            assert inputs.shape == (len(targets), *splits.spec.shape)
            assert targets.dtype == torch.int64
            assert set(targets.tolist()) == set(range(len(splits.spec.classes)))

    def test_gives_tensors_that_own_their_memory(self, name: str, root: Path) -> None:
        for tensor in (tensor for part in parts(load(name, root)) for tensor in part):
            assert tensor.is_contiguous()
            assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
            assert tensor.numpy().flags.writeable

    def test_has_no_sample_in_two_splits(self, name: str, root: Path) -> None:
        train, validation, test = (
            {inputs.numpy().tobytes() for inputs in part.inputs} for part in parts(load(name, root))
        )
        assert not train & validation
        assert not train & test
        assert not validation & test

    def test_has_stratified_splits(self, name: str, root: Path) -> None:
        train, validation, _ = (torch.bincount(part.targets) for part in parts(load(name, root)))
        share = validation.sum() / (train.sum() + validation.sum())
        assert 0.05 <= share <= 0.3
        assert ((validation - share * (train + validation)).abs() <= 1).all()

    def test_has_the_moments_of_its_training_split(self, name: str, root: Path) -> None:
        splits = load(name, root)
        assert (splits.spec.mean, splits.spec.std) == moments(splits.train.inputs)

    def test_is_the_same_every_time_and_leaves_the_folder_alone(self, name: str, root: Path) -> None:
        before = listing(root)
        first, second = load(name, root), load(name, root)
        assert first.spec == second.spec
        for one, other in zip(parts(first), parts(second), strict=True):
            assert torch.equal(one.inputs, other.inputs)
            assert torch.equal(one.targets, other.targets)
        assert listing(root) == before


def test_digits_keep_their_raw_units_and_are_never_flipped(tmp_path: Path) -> None:
    splits = load("digits", tmp_path)
    assert sum(len(part.targets) for part in parts(splits)) == 1797
    assert len(splits.test.targets) == pytest.approx(0.2 * 1797, abs=5)
    assert set(splits.train.inputs.flatten().tolist()) == set(range(17))
    assert "flip" not in splits.spec.augment


def test_breast_cancer_calls_its_malignant_minority_by_name(tmp_path: Path) -> None:
    splits = load("breast_cancer", tmp_path)
    targets = torch.cat([part.targets for part in parts(splits)])
    assert splits.spec.classes == ("malignant", "benign")
    assert torch.bincount(targets).tolist() == [212, 357]  # as its documentation says


@pytest.mark.parametrize(("name", "folder"), IDX_SETS)
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
            ("t10k-images-idx3-ubyte", idx(idx_images(0, 0)), "its shape is (0, 28, 28) instead of"),
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


class TestDownload:
    """What every download does, seen on mnist."""

    @pytest.fixture(params=["mnist"])
    def name(self, request: pytest.FixtureRequest) -> str:
        dataset: str = request.param
        return dataset

    @pytest.fixture
    def raw(self, root: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The folder that the files, which the server has, are missing from."""
        move_files(root / "MNIST" / "raw", server.folder)
        monkeypatch.setattr(MNIST, "mirrors", [server.url])
        return root / "MNIST" / "raw"

    def test_one_that_is_cut_off_leaves_nothing_and_the_next_succeeds(
        self, root: Path, raw: Path, server: Server
    ) -> None:
        server.half = True
        assert "could not be downloaded (File not found or corrupted.)" in refusal("mnist", root)
        assert list(raw.iterdir()) == []
        server.half = False
        assert len(load("mnist", root).train.targets) == 360

    def test_replaces_a_file_with_another_sum(self, root: Path, raw: Path) -> None:
        (raw / "train-images-idx3-ubyte.gz").write_bytes(b"half a file")
        assert len(load("mnist", root).train.targets) == 360

    def test_of_a_file_that_the_server_lacks_says_so(self, root: Path, raw: Path, server: Server) -> None:
        (server.folder / "t10k-images-idx3-ubyte.gz").unlink()
        assert "could not be downloaded (HTTP Error 404: " in refusal("mnist", root)
        assert len(list(raw.iterdir())) == 2  # the two before it are kept

    def test_from_a_server_that_never_answers_ends(
        self, root: Path, raw: Path, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.shutdown()  # the socket still accepts, and nobody answers
        monkeypatch.setattr("tuner.datasets._files.SILENCE", 0.2)
        assert "could not be downloaded (timed out)" in refusal("mnist", root)
        assert list(raw.iterdir()) == []

    def test_into_a_place_that_cannot_be_written_says_so(self, root: Path, raw: Path) -> None:
        raw.rmdir()
        raw.write_text("a file where the folder should be")
        assert "could not be downloaded ([Errno " in refusal("mnist", root)


@pytest.mark.parametrize("name", ["cifar10"])
class TestCifar:
    def test_reads_classes_and_colour_planes(self, name: str, root: Path) -> None:
        splits = load(name, root)
        assert [len(part.targets) for part in parts(splits)] == [270, 30, 60]
        for part in parts(splits):
            assert (part.inputs[:, 0, 0, 0] == 200).all()
            assert (part.inputs[:, 0, 0, 1] == 10 * part.targets).all()
            assert (part.inputs[:, 0, 1:] == 10 * part.targets[:, None, None]).all()
        rows = torch.from_numpy(cifar_rows(60, seed=5))
        assert torch.equal(splits.test.inputs[:, 2].flatten(1), rows[:, 1 + 2048 :])

    def test_missing_names_every_file_and_where_to_put_it(self, name: str, root: Path) -> None:
        (root / "cifar-10-batches-bin" / "data_batch_3.bin").unlink()
        message = refusal(name, root)
        assert message.startswith(f"cifar10 is not in {root} and could not be downloaded (<urlopen error ")
        for expected in (*CIFAR_FILES, str(root / "cifar-10-batches-bin"), CIFAR_ARCHIVE, "TUNER_DATA"):
            assert expected in message

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "0 bytes are no whole number of rows of 3073 bytes"),
            (cifar_rows(60, 0).tobytes()[:-1], "184379 bytes are no whole number of rows of 3073 bytes"),
            (bytes([10]) * 3073, "it has the label 10, and the classes are 0 to 9"),
        ],
    )
    def test_a_broken_file_is_named_with_the_reason(self, name: str, root: Path, content: bytes, reason: str) -> None:
        path = root / "cifar-10-batches-bin" / "test_batch.bin"
        path.write_bytes(content)
        assert refusal(name, root).startswith(f"cannot use {path} ({reason})")

    def test_unpacks_an_archive_that_lies_there(self, name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = load(name, root)
        pack_cifar(root, monkeypatch)
        assert torch.equal(load(name, root).train.inputs, expected.train.inputs)
        assert sorted(path.name for path in (root / "cifar-10-batches-bin").iterdir()) == sorted(CIFAR_FILES)

    def test_completes_a_folder_that_was_unpacked_in_part(
        self, name: str, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = (root / "cifar-10-batches-bin" / "data_batch_1.bin").read_bytes()
        pack_cifar(root, monkeypatch)
        (root / "cifar-10-batches-bin").mkdir()
        (root / "cifar-10-batches-bin" / "data_batch_1.bin").write_bytes(content[:1000])
        assert len(load(name, root).train.targets) == 270

    def test_an_archive_with_another_sum_is_named(self, name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        archive = pack_cifar(root, monkeypatch)
        archive.write_bytes(archive.read_bytes()[:-100])
        assert refusal(name, root).startswith(f"cannot use {archive} (its md5 is ")

    def test_an_archive_without_its_files_is_named(
        self, name: str, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = pack_cifar(root, monkeypatch)
        with tarfile.open(archive, "w:gz") as tar:
            tar.addfile(tarfile.TarInfo("readme.html"), io.BytesIO())
        monkeypatch.setattr(catalog.load("datasets", name), "MD5", md5(archive.read_bytes()).hexdigest())
        assert refusal(name, root).startswith(f"cannot use {archive} ([Errno 2] No such file or directory")

    def test_an_archive_that_would_write_elsewhere_is_refused(
        self, name: str, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = pack_cifar(root, monkeypatch)
        with tarfile.open(archive, "w:gz") as tar:
            tar.addfile(tarfile.TarInfo("../../escaped"), io.BytesIO())
        monkeypatch.setattr(catalog.load("datasets", name), "MD5", md5(archive.read_bytes()).hexdigest())
        assert refusal(name, root).startswith(f"cannot use {archive} (")
        assert not list(root.parent.rglob("escaped"))

    def test_downloads_and_unpacks_the_archive_and_keeps_stdout_clean(
        self,
        name: str,
        root: Path,
        server: Server,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        expected = load(name, root)
        archive = pack_cifar(root, monkeypatch)
        archive.rename(server.folder / archive.name)
        monkeypatch.setattr(catalog.load("datasets", name), "URL", server.url + archive.name)
        for _ in range(2):  # the second time without a server
            assert torch.equal(load(name, root).train.inputs, expected.train.inputs)
            server.folder = Path("gone")
        assert capsys.readouterr().out == ""


def move_files(source: Path, target: Path) -> None:
    for path in source.iterdir():
        path.rename(target / path.name)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "shape", "official"),
    [
        ("mnist", (1, 28, 28), (60_000, 10_000)),
        ("fashion_mnist", (1, 28, 28), (60_000, 10_000)),
        ("cifar10", (3, 32, 32), (50_000, 10_000)),
    ],
)
def test_the_real_set_has_its_official_size(name: str, shape: tuple[int, ...], official: tuple[int, int]) -> None:
    if "TUNER_DATA" not in os.environ:
        pytest.skip("TUNER_DATA names no folder with the real sets")
    splits = load(name, Path(os.environ["TUNER_DATA"]))
    assert splits.spec.shape == shape
    assert len(splits.train.targets) + len(splits.validation.targets) == official[0]
    assert len(splits.validation.targets) == pytest.approx(official[0] / 10, abs=10)
    assert len(splits.test.targets) == official[1]
    assert torch.bincount(splits.test.targets, minlength=10).min() > 800
    assert 20 < splits.spec.mean[0] < 200
