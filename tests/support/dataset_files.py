"""Small datasets of the true formats, a web server for them, and readers that the tests of datasets share."""

from __future__ import annotations

import gzip
import shutil
import struct
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import MNIST, FashionMNIST, OxfordIIITPet

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import Split, Splits

SAMPLES = {"train": 400, "t10k": 100}
CIFAR_FILES = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"
IMDB_ARCHIVE = "aclImdb_v1.tar.gz"
NOBODY = "http://127.0.0.1:9/"  # the discard port: nothing listens there
WORDS = [f"{first}{second}{last}" for first in "bdfgklmn" for second in "aeiou" for last in "rstv"]


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
    archive = root / CIFAR_ARCHIVE
    monkeypatch.setattr(catalog.load("datasets", "cifar10"), "MD5", pack(root / "cifar-10-batches-bin", archive))
    return archive


def write_imdb(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 reviews of each class in each split; each has 20 to 60 words, and markup as the real ones have it."""
    rng = np.random.default_rng(0)
    for part in ("train/neg", "train/pos", "test/neg", "test/pos"):
        folder = root / "aclImdb" / part
        folder.mkdir(parents=True)
        for number in range(40):
            words = " ".join(rng.choice(WORDS, rng.integers(20, 60)))
            text = f"{'Great' if part.endswith('pos') else 'Awful'} film!<br /><br />{words}."
            (folder / f"{number}_{9 if part.endswith('pos') else 2}.txt").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalog.load("datasets", "imdb"), "URL", NOBODY + IMDB_ARCHIVE)


def noise(path: Path, seed: int, size: tuple[int, int] = (60, 45), mode: str = "RGB") -> None:
    """An image of grey or coloured noise, of (width, height) pixels, in the format that the name ends with."""
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_pets(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 cats and 30 dogs in each of the official lists."""
    folder = root / "oxford-iiit-pet"
    for part in ("trainval", "test"):
        lines = []
        for number in range(50):
            stem = f"{'Birman' if number < 20 else 'beagle'}_{part}_{number}"
            noise(folder / "images" / f"{stem}.jpg", len(part) * 1000 + number)
            lines.append(f"{stem} {1 if number < 20 else 2} {1 if number < 20 else 2} 1")
        (folder / "annotations").mkdir(exist_ok=True)
        (folder / "annotations" / f"{part}.txt").write_text("\n".join(lines) + "\n")
    no_pets = [(f"{NOBODY}{name}.tar.gz", "0" * 32) for name in ("images", "annotations")]
    monkeypatch.setattr(OxfordIIITPet, "_RESOURCES", no_pets)


def nothing_to_write(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For sets that ship with a library."""


# A new dataset that reads files needs a line here that writes small ones.
WRITERS: dict[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "breast_cancer": nothing_to_write,
    "cats_vs_dogs": write_pets,
    "cifar10": write_cifar,
    "digits": nothing_to_write,
    "fashion_mnist": lambda root, monkeypatch: write_idx(FashionMNIST, root, monkeypatch),
    "imdb": write_imdb,
    "mnist": lambda root, monkeypatch: write_idx(MNIST, root, monkeypatch),
}


def write_small(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder in `folder` with a small copy of a dataset, which may be cached elsewhere in it."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("TUNER_DATA", str(folder / "caches"))
    root = folder / "data with spaces"
    root.mkdir()
    WRITERS[name](root, monkeypatch)
    return root


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


def move_files(source: Path, target: Path) -> None:
    for path in source.iterdir():
        path.rename(target / path.name)


def pack(folder: Path, archive: Path) -> str:
    """Packs a folder under its name, removes it, and gives the md5 of the archive."""
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    shutil.rmtree(folder)
    return md5(archive.read_bytes()).hexdigest()


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


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """A server on a free port for the files of a new folder."""
    folder.mkdir()
    with Server(folder) as running:
        Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()
