"""Walks through folders of images: what is in them at any depth, and the folder of each class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ._skipped import CIRCLE, EMPTY, MASK, Skipped, is_hidden, is_image

Folders = dict[str, list[Path]]  # the images of each class

_WORDS = {
    "train": ("train", "training", "trn", "trainset"),
    "validation": ("val", "valid", "validation", "validate", "eval", "evaluation", "dev", "development"),
    "test": ("test", "testing", "tst", "testset"),
}
_FILLERS = ("", "set", "data", "dataset", "images", "image", "img", "imgs", "split", "seg", "folder")
_GENERIC = ("images", "image", "img", "imgs", "photos", "pictures", "pics", "data", "jpg", "jpeg", "png")
MASKS = ("mask", "masks")


def part_of(name: str) -> str | None:
    """The split that a folder or file is meant for by its name; None for any other name.

    >>> [part_of(name) for name in ("Training", "valid", "test1", "seg_train", "train2017", "trainer", "cat")]
    ['train', 'validation', 'test', 'train', 'train', None, None]
    """
    words = [word for word in re.split(r"[\W\d_]+", name.lower()) if word not in _FILLERS]
    return next((part for part, known in _WORDS.items() if len(words) == 1 and words[0] in known), None)


def is_generic(name: str) -> bool:
    """Whether a folder is called after images and not after a class, such as `images_001`."""
    return re.sub(r"[\W\d_]+", "", name.lower()) in _GENERIC


def subfolders(folder: Path) -> list[Path]:
    """The folders that people see, by name."""
    return [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and not is_hidden(entry)]


def walk(folder: Path, skipped: Skipped, seen: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """The images in a folder and below it, sorted; links are followed, once."""
    real = folder.resolve()
    if real in seen:
        skipped.add(CIRCLE, folder)
        return
    entries = sorted(folder.iterdir())
    names = {entry.name.lower() for entry in entries}
    for entry in entries:
        if is_hidden(entry):
            skipped.add_entry(entry)
        elif entry.is_dir():
            if entry.name.lower() in MASKS and names & set(_GENERIC):
                skipped.add(MASK, *walk(entry, Skipped(), seen | {real}))
            else:
                yield from walk(entry, skipped, seen | {real})
        elif is_image(entry) and entry.is_file():
            yield entry
        else:
            skipped.add_entry(entry)


def holds_images(folder: Path) -> bool:
    """Whether there is an image in it, at any depth."""
    return any(True for _ in walk(folder, Skipped()))


def holds_classes(folder: Path) -> bool:
    """Whether a folder in it holds images."""
    return any(map(holds_images, subfolders(folder)))


def class_folders(folder: Path, skipped: Skipped) -> Folders:
    """The subfolders with their images, at any depth."""
    found: Folders = {}
    seen = frozenset((folder.resolve(),))
    for entry in sorted(folder.iterdir()):
        if is_hidden(entry) or not entry.is_dir():
            skipped.add_entry(entry)
        elif files := list(walk(entry, skipped, seen)):
            found[entry.name] = files
        else:
            skipped.add(EMPTY, entry)
    return found


def step_in(folder: Path, *, part: bool = False) -> Path:
    """The folder that is meant: an archive often holds its folder once more.

    Args:
        folder: where to begin.
        part: whether `folder` holds the images of one split, so that train/train is train once more.
    """
    inside = folder
    while len(below := subfolders(inside)) == 1 and not any(map(is_image, inside.iterdir())):
        name = below[0].name
        if part and not (part_of(name) or is_generic(name) or name == inside.name):
            break
        if part_of(name) and not part:
            break
        inside = below[0]
    return inside if below else folder
