"""Folders of images: all modes and formats, cut off, with bytes changed, headers that lie, links and pipes."""

from __future__ import annotations

import io
import os
import struct
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from faults.hostile.ends import End, Kind, refused
from tuner.core import catalog
from tuner.data.spec import Splits

MODES = {
    "png": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "jpeg": ["L", "RGB", "CMYK"],
    "gif": ["P"],
    "tiff": ["L", "RGB", "CMYK", "I;16", "F", "LAB"],
    "webp": ["RGB", "RGBA"],
    "bmp": ["RGB"],
    "ppm": ["RGB"],
}
FORMATS = [(form, mode) for form, modes in MODES.items() for mode in modes]
NAMES = ["{}.png", "{}.jpg", "{}.gif", "\x1b[2J{}.png", "\udcff{}.png", "{}\n.bmp", "' {}.tif"]
STRANGE = ["empty", "folder", "pipe", "dangling link", "link to a device", "link to itself", "text", "bomb", "scans"]


@cache
def encoded(form: str, mode: str, frames: int = 1, orientation: int = 0) -> bytes:
    """A small image."""
    pixels = np.random.default_rng(0).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    image = image.convert("L").convert(mode) if mode in ("I;16", "F") else image.convert(mode, None)
    exif = Image.Exif()
    exif[0x0112] = orientation
    frames = frames if form in ("gif", "webp", "tiff", "png") else 1
    more = {"save_all": True, "append_images": [image] * (frames - 1)} if frames > 1 else {}
    file = io.BytesIO()
    image.save(file, form, **(more | ({"exif": exif.tobytes()} if form in ("jpeg", "webp", "png") else {})))
    return file.getvalue()


def png_bomb(width: int, height: int, rows: int) -> bytes:
    """A grey PNG whose header says so many pixels, and so many rows of zeros, packed a thousandfold."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes((width + 1) * rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def scan_bomb(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each makes a decoder go over the whole image."""
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "jpeg", progressive=True)
    content = file.getvalue()
    start = content.rindex(b"\xff\xda")
    return content[:start] + content[start:-2] * scans + content[-2:]


@st.composite
def images(draw: st.DrawFn) -> bytes:
    """The bytes of an image, perhaps damaged."""
    form, mode = draw(st.sampled_from(FORMATS))
    content = encoded(form, mode, draw(st.sampled_from([1, 1, 3])), draw(st.sampled_from([0, 6, 9, 65535])))
    damage = draw(st.sampled_from(["none", "cut", "bytes", "bytes", "tail"]))
    if damage == "cut":
        content = content[: draw(st.integers(0, len(content)))]
    elif damage == "tail":
        content += draw(st.binary(max_size=40))
    elif damage == "bytes":
        changed = bytearray(content)
        for _ in range(draw(st.integers(1, 12))):
            changed[draw(st.integers(0, min(len(content) - 1, 200)))] = draw(st.integers(0, 255))
        content = bytes(changed)
    return content


@st.composite
def folders(draw: st.DrawFn) -> list[tuple[str, bytes | str]]:
    """Files to put among good ones: their names, and their bytes or what else they are."""
    names = st.sampled_from(NAMES)
    return draw(st.lists(st.tuples(names, st.one_of(images(), st.sampled_from(STRANGE))), min_size=1, max_size=5))


def put(path: Path, what: bytes | str) -> None:
    """Makes what a list of `folders` names."""
    if isinstance(what, bytes):
        path.write_bytes(what)
    elif what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif "link" in what:
        path.symlink_to({"link to a device": "/dev/zero", "link to itself": path.name}.get(what, "nowhere"))
    else:
        bombs = {"bomb": lambda: png_bomb(60_000, 60_000, 100), "scans": lambda: scan_bomb(8, 200)}
        path.write_bytes(bombs[what]() if what in bombs else {"empty": b"", "text": b"no image"}[what])


def attempt(files: list[tuple[str, bytes | str]], folder: Path) -> End:
    """A folder:PATH, and Kaggle's folder of cats and dogs: every file is in a split, or in a note that counts it."""
    os.environ["TUNER_DATA"] = str(folder / "data")
    for name in ("Cat", "Dog"):
        (folder / "PetImages" / name).mkdir(parents=True)
        for number in range(3):
            put(folder / "PetImages" / name / f"good{number}.png", encoded("png", "RGB"))
    for number, (name, what) in enumerate(files):
        put(folder / "PetImages" / "Cat" / name.format(number), what)
    pets = folder / "PetImages"
    loaded: list[Splits] = []
    if refused(lambda: loaded.append(catalog.read_format("folder", pets, None)), str(folder)):
        return End.REFUSED  # whole numbers and floats have no common range
    own = loaded[0]
    kaggle = catalog.load("datasets", "cats_vs_dogs").load(folder)
    left_out = 0
    for splits in (own, kaggle):
        there = sum(len(part.targets) for part in (splits.train, splits.validation, splits.test))
        left_out = 6 + len(files) - there
        notes = [note for note in splits.notes if "skipped" in note]
        counted = sum(int(note.split(" ", 1)[0]) for note in notes)
        assert counted == left_out, (counted, left_out, splits.notes)
        assert all(note.isprintable() for note in notes), notes
    return End.SKIPPED if left_out else End.ACCEPTED


def attempt_names(names: list[str], folder: Path) -> End:
    """The classes of a folder:PATH are called like this."""
    os.environ["TUNER_DATA"] = str(folder / "data")
    for name in names:
        for number in range(3):
            (folder / "own" / name).mkdir(parents=True, exist_ok=True)
            (folder / "own" / name / f"{number}.png").write_bytes(encoded("png", "L"))
    loaded = []
    if refused(lambda: loaded.append(catalog.read_format("folder", folder / "own", None)), str(folder)):
        return End.REFUSED
    classes = loaded[0].spec.classes
    assert all("\n" not in name and "\x1b" not in name for name in classes)
    "".join(classes).encode()
    return End.SKIPPED if loaded[0].notes else End.ACCEPTED


CHARACTERS = st.characters(exclude_characters="/\0", codec="utf-8")
CLASS_NAMES = st.lists(
    st.one_of(
        st.sampled_from(
            ["cat", "dog", "train", "\x1b[2J", "\udcff\udcfe", "a\nb", ".hidden", " ", "x" * 255, "\u202e"]
        ),
        st.text(CHARACTERS, min_size=1, max_size=8).filter(lambda name: name not in (".", "..")),
    ),
    min_size=1,
    max_size=4,
    unique=True,
)

KINDS = [
    Kind("folders of images", folders(), attempt, 60),
    Kind("names of folders of images", CLASS_NAMES, attempt_names, 60),
]
