"""IDX and CIFAR files that are no such, and archives whose members would lie elsewhere."""

from __future__ import annotations

import io
import struct
import tarfile
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from support.dataset_files import CIFAR_FILES, IMDB_ARCHIVE, NOBODY, cifar_rows, idx, idx_images
from torchvision.datasets import OxfordIIITPet

from faults.hostile.ends import End, Kind, refused
from tuner.core import catalog

IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SIZES = st.one_of(st.sampled_from([0, 1, 10, 28, 2**31, 2**32 - 1]), st.integers(0, 2**32 - 1))


def _damaged(good: bytes) -> st.SearchStrategy[bytes]:
    places = st.integers(0, len(good))
    return st.one_of(
        st.binary(max_size=40),
        places.map(lambda place: good[:place]),
        st.tuples(places, st.binary(min_size=1, max_size=9)).map(lambda cut: good[: cut[0]] + cut[1] + good[cut[0] :]),
        st.tuples(places, st.binary(min_size=1, max_size=9)).map(
            lambda cut: good[: cut[0]] + cut[1] + good[cut[0] + len(cut[1]) :]
        ),
    )


IMAGES, LABELS = idx(idx_images(20, 0)), idx((np.arange(20) % 10).astype(np.uint8))
LYING = st.lists(SIZES, max_size=4).map(
    lambda sizes: bytes((0, 0, 8, len(sizes))) + struct.pack(f">{len(sizes)}I", *sizes)
)
IDX = st.tuples(st.integers(0, 3), st.one_of(_damaged(IMAGES), _damaged(LABELS), LYING))
ROWS = cifar_rows(10, 0).tobytes()
CIFAR = st.tuples(st.integers(0, 5), st.one_of(_damaged(ROWS), st.just(b""), st.just(b"\xff" * 3073)))


def attempt_idx(damage: tuple[int, bytes], folder: Path) -> End:
    """The four files of MNIST, unpacked, one of them bad."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for number, name in enumerate(IDX_FILES):
        (raw / name).write_bytes(damage[1] if number == damage[0] else (LABELS if number % 2 else IMAGES))
    mnist = catalog.load("datasets", "mnist")
    return End.REFUSED if refused(lambda: mnist.load(folder), str(raw)) else End.ACCEPTED


def attempt_cifar(damage: tuple[int, bytes], folder: Path) -> End:
    """The six files of CIFAR-10, one of them bad."""
    batches = folder / "cifar-10-batches-bin"
    batches.mkdir()
    for number, name in enumerate(CIFAR_FILES):
        (batches / name).write_bytes(damage[1] if number == damage[0] else ROWS)
    cifar = catalog.load("datasets", "cifar10")
    return End.REFUSED if refused(lambda: cifar.load(folder), str(batches / CIFAR_FILES[damage[0]])) else End.ACCEPTED


KINDS_OF_MEMBERS = {
    "file": tarfile.REGTYPE,
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "device": tarfile.CHRTYPE,
    "pipe": tarfile.FIFOTYPE,
    "folder": tarfile.DIRTYPE,
}
PATHS = (
    "../out",
    "../../out",
    "/{folder}/out",
    "FOLDER/../../out",
    "FOLDER/link/out",
    "FOLDER/out",
    "FOLDER/train/neg/1.txt",
)
MEMBERS = st.lists(
    st.tuples(st.sampled_from(sorted(KINDS_OF_MEMBERS)), st.sampled_from(PATHS), st.sampled_from([*PATHS, "{folder}"])),
    min_size=1,
    max_size=4,
)
ARCHIVES = st.tuples(st.sampled_from(["cifar10", "cats_vs_dogs", "imdb"]), MEMBERS, st.integers(0, 9))
FOLDERS = {"cifar10": "cifar-10-batches-bin", "cats_vs_dogs": "images", "imdb": "aclImdb"}


def _pack(name: str, members: list[tuple[str, str, str]], folder: Path) -> bytes:
    def filled(path: str) -> str:
        return path.replace("FOLDER", FOLDERS[name]).replace("{folder}", str(folder).lstrip("/"))

    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        link = tarfile.TarInfo(f"{FOLDERS[name]}/link")
        link.type, link.linkname = tarfile.SYMTYPE, f"/{str(folder).lstrip('/')}"
        tar.addfile(link)
        for kind, path, target in members:
            member = tarfile.TarInfo(filled(path))
            member.type, member.linkname = KINDS_OF_MEMBERS[kind], filled(target)
            member.size = 4 if kind == "file" else 0
            tar.addfile(member, io.BytesIO(b"evil"))
    return file.getvalue()


def attempt_archive(case: tuple[str, list[tuple[str, str, str]], int], folder: Path) -> End:
    """The archive of a dataset, by its sum the right one, whose members go elsewhere, cut off now and then."""
    name, members, cut = case
    root = folder / "a" / "b" / "data"
    module: Any = catalog.load("datasets", name)
    place = {"cifar10": root / "cifar-10-binary.tar.gz", "imdb": root / IMDB_ARCHIVE}.get(name)
    place = place or root / "oxford-iiit-pet" / "images.tar.gz"
    place.parent.mkdir(parents=True)
    content = _pack(name, members, folder)
    place.write_bytes(content if cut else content[: len(content) // 2])
    digest = md5(place.read_bytes()).hexdigest()
    before: Any
    if name == "cats_vs_dogs":
        before, OxfordIIITPet._RESOURCES = OxfordIIITPet._RESOURCES, [(f"{NOBODY}images.tar.gz", digest)]
    else:
        before, module.MD5 = module.MD5, digest
    try:
        assert refused(lambda: module.load(root), str(root))
    finally:
        if name == "cats_vs_dogs":
            OxfordIIITPet._RESOURCES = before
        else:
            module.MD5 = before
    outside = [path for path in folder.rglob("*") if path.name == "out" and root not in path.parents]
    assert not outside, outside
    return End.REFUSED


NOTHING = (0, struct.pack(">BBBBIII", 0, 0, 8, 3, 0, 2**31, 2**31))  # as many values as it has, in a shape too large
BAD_LINK = ("imdb", [("hard link", "FOLDER/train/neg/1.txt", "../out")], 1)

KINDS = [
    Kind("IDX files", IDX, attempt_idx, 150, always=(NOTHING,)),
    Kind("CIFAR files", CIFAR, attempt_cifar, 100),
    Kind("archives that reach elsewhere", ARCHIVES, attempt_archive, 100, always=(BAD_LINK,)),
]
