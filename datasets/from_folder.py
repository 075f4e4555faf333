"""Your own images: a folder with a folder of images for each class.

PATH/CLASS/IMAGE, or PATH/train/CLASS/IMAGE with PATH/test and PATH/val (or valid, validation) if they exist. Without a
folder for them, a test split of 20 % and a validation split of 20 % of the rest are held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from tuner.core.errors import TunerError, check_name
from tuner.core.files import slug
from tuner.data.image_files import ENDINGS, read_header
from tuner.data.spec import DataSpec, Splits, moments

from ._cache import cached
from ._images import Labelled, broken_note, read_split, skipped_note
from ._own import TEST_SHARE, VALIDATION_SHARE, three_ways

PARTS = {"train": ("train",), "validation": ("val", "valid", "validation"), "test": ("test",)}
LARGEST_KEPT = 224  # pixels: images that share one size up to this keep it
SMALLEST_SIDE, LARGEST_SIDE = 32, 160  # pixels: limits of the square that other images are scaled to


def load(path: Path) -> Splits:
    """The splits; inputs are uint8 (samples, *spec.shape), grey if all images are grey.

    The only augmentation is shifting: a mirrored or rotated digit or letter may be a different one, or none.

    Raises:
        TunerError: the folder is missing, has fewer than two classes, or a class has too few images.
    """
    folder = path.expanduser().resolve()
    parts, skipped = _find(folder)
    classes = _classes(folder, parts)
    files = {part: _labelled(folders, classes) for part, folders in parts.items()}
    every = [file.path for part in files.values() for file in part]
    name = f"folder_{slug(folder.name)}"
    recipe = (sorted(files), LARGEST_KEPT, SMALLEST_SIDE, LARGEST_SIDE, TEST_SHARE, VALIDATION_SHARE)
    splits = cached(name, folder, every, recipe, lambda: _read(folder, name, classes, files))
    return replace(splits, notes=(*splits.notes, *skipped_note(folder, skipped)))


Folders = dict[str, list[Path]]  # the images of each class


def _find(folder: Path) -> tuple[dict[str, Folders], list[Path]]:
    """The images by split and class, and the files that are skipped."""
    if not folder.is_dir():
        raise TunerError(f"folder:{folder}: there is no such folder")
    skipped: list[Path] = []
    if not _class_folders(folder / "train", []):  # a class may be called train as well
        return {"train": _class_folders(folder, skipped)}, skipped
    found: dict[str, Folders] = {}
    for part, names in PARTS.items():
        there = [folder / name for name in names if (folder / name).is_dir()]
        if len(there) > 1:
            raise TunerError(f"folder:{folder}: has {there[0].name} and {there[1].name}: keep one of them")
        if there:
            found[part] = _class_folders(there[0], skipped)
    return found, skipped


def _class_folders(folder: Path, skipped: list[Path]) -> Folders:
    """The subfolders with their images. Hidden entries and anything that is not an image go to `skipped`."""
    found: Folders = {}
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not entry.is_dir() or entry.name.startswith("."):
            skipped.append(entry)
            continue
        for file in sorted(entry.iterdir()):
            if file.suffix.lower() in ENDINGS and not file.name.startswith(".") and file.is_file():
                found.setdefault(entry.name, []).append(file)
            else:
                skipped.append(file)
    return found


def _classes(folder: Path, parts: dict[str, Folders]) -> tuple[str, ...]:
    classes = tuple(sorted(parts["train"]))
    if len(classes) < 2:
        has = f"images of {classes[0]} only" if classes else "none"
        raise TunerError(f"folder:{folder}: needs a folder of images for each of two or more classes, but has {has}")
    for name in classes:
        check_name(name, f"folder:{folder}: the class")
    for part, folders in parts.items():
        strange = sorted(set(folders) - set(classes))
        if strange:
            raise TunerError(f"folder:{folder}: the class {strange[0]} is in {part}, but not in train")
    return classes


def _labelled(folders: Folders, classes: Sequence[str]) -> list[Labelled]:
    return [Labelled(path, target) for target, name in enumerate(classes) for path in folders.get(name, ())]


def _read(folder: Path, name: str, classes: tuple[str, ...], files: dict[str, list[Labelled]]) -> Splits:
    shape = _shape([file.path for file in files["train"]])
    read = {part: read_split(of_part, shape, folder) for part, of_part in files.items()}
    given = {part: split for part, (split, _) in read.items()}
    parts = three_ways(given["train"], given.get("validation"), given.get("test"), classes, f"folder:{folder}")
    mean, std = moments(parts[0].inputs)
    spec = DataSpec(name=name, task="image", shape=shape, classes=classes, mean=mean, std=std, augment=("crop",))
    return Splits(spec, *parts, notes=broken_note([line for _, broken in read.values() for line in broken]))


def _shape(files: Sequence[Path]) -> tuple[int, int, int]:
    """The size of all images if they share a small one; otherwise a square with their median shorter side."""
    shapes = [shape[:3] for shape in map(read_header, files) if shape is not None]
    if not shapes:
        return 3, SMALLEST_SIDE, SMALLEST_SIDE  # all images are broken: reading them reports that
    channels = max(shape[0] for shape in shapes)
    sizes = [shape[1:] for shape in shapes]
    if len(set(sizes)) == 1 and max(sizes[0]) <= LARGEST_KEPT:
        return channels, *sizes[0]
    side = min(max(round(median(map(min, sizes))), SMALLEST_SIDE), LARGEST_SIDE)
    return channels, side, side
