"""Recognises folders made for the detection or segmentation of objects, which are another task, and refuses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tuner.core.errors import TunerError

from ._folder_walk import MASKS, entries, is_generic, part_of, subfolders
from ._skipped import is_hidden, is_image

VIA_CLASSES = (
    "holds classes of whole images as VIA writes them (file_attributes), which are not read: write them to a table "
    "labels.csv with the columns file and label"
)
_VIA_CLASSES = "VIA"
_LOOKED_AT = 20  # files of a folder
_HEAD = 1 << 16  # bytes of a file
_YOLO_LINE = re.compile(rb"\d+( -?[\d.]+(e-?\d+)?){4,}\s*")


def refuse_boxes(root: Path, source: str, *, classes: bool) -> None:
    """Raises TunerError for the layouts of COCO, YOLO, Pascal VOC and of images with masks.

    Args:
        root: the folder.
        source: the dataset, for the error.
        classes: whether there are folders that look like classes; then a single file of boxes beside them is no reason.
    """
    found = next(_found(root, classes), None)
    if found is not None:
        what, where = found
        if what is _VIA_CLASSES:
            raise TunerError(f"{source}: {where.relative_to(root)} {VIA_CLASSES}")
        raise TunerError(
            f"{source}: {what} ({where.relative_to(root)}), for finding objects in images, and tuner tells the class "
            "of a whole image: put each image, or what is cut out of it, into a folder of its class"
        )


def _found(root: Path, classes: bool) -> Iterator[tuple[str, Path]]:
    """What the layout is, and where that is seen."""
    levels = [root, *subfolders(root)]
    levels += [below for folder in levels[1:] for below in subfolders(folder)[:_LOOKED_AT]]
    for folder in levels:
        below = {entry.name.lower(): entry for entry in subfolders(folder)}
        images = [name for name in below if is_generic(name) or name == "jpegimages"]
        if "labels" in below and images and _has_yolo(below["labels"]):
            yield "this is laid out as for YOLO", below["labels"]
        if "annotations" in below and "jpegimages" in below:
            yield "this is laid out as for Pascal VOC", below["annotations"]
        if folder == root and images and (masks := [below[name] for name in MASKS if name in below]):
            yield "these are images and masks", masks[0]
        if not classes:
            yield from _of_files(folder)


def _of_files(folder: Path) -> Iterator[tuple[str, Path]]:
    files = [folder / entry.name for entry in entries(folder) if entry.is_file() and not is_hidden(entry)]
    images = {file.stem for file in files if is_image(file)}
    for ending, what, fits in (
        (".json", "this is laid out as for COCO", _is_coco),
        (".json", _VIA_CLASSES, _is_via_without_shapes),
        (".json", "this is laid out as by LabelMe or VIA", _is_shapes),
        (".xml", "this is laid out as for Pascal VOC or CVAT", _is_voc),
        (".txt", "this is laid out as for YOLO", _is_yolo),
    ):
        some = [file for file in files if file.suffix.lower() == ending]
        if ending == ".txt":
            some = [file for file in some if file.stem in images]
        yield from ((what, file) for file in some[:_LOOKED_AT] if fits(_head(file)))


def _has_yolo(folder: Path) -> bool:
    for place in (folder, *(below for below in subfolders(folder) if part_of(below.name) or is_generic(below.name))):
        files = [place / entry.name for entry in entries(place) if entry.name.lower().endswith(".txt")]
        if any(_is_yolo(_head(file)) for file in files[:_LOOKED_AT]):
            return True
    return False


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_HEAD)


def _is_coco(head: bytes) -> bool:
    return b'"file_name"' in head or (b'"images"' in head and b'"annotations"' in head) or b'"iscrowd"' in head


def _is_shapes(head: bytes) -> bool:
    return (b'"shapes"' in head and b'"imagePath"' in head) or (b'"regions"' in head and b'"filename"' in head)


def _is_via_without_shapes(head: bytes) -> bool:
    return b'"file_attributes"' in head and b'"regions"' in head and b'"shape_attributes"' not in head


def _is_voc(head: bytes) -> bool:
    return b"<annotation" in head


def _is_yolo(head: bytes) -> bool:
    first = head.split(b"\n", 1)[0]
    return _YOLO_LINE.fullmatch(first) is not None
