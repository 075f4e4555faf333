"""Finds the images of each split and class in a folder, as people and programs lay them out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from tuner.core.errors import TunerError, printable

from ._folder_boxes import refuse_boxes
from ._folder_labels import read_labels
from ._folder_walk import Folders, class_folders, holds_classes, is_generic, part_of, step_in, subfolders, walk
from ._skipped import OTHER, Skipped, counted, is_hidden, is_image, relative

PARTS = ("train", "validation", "test")
_SHOWN = 3
_NO_CLASSES = (
    "and no folder says their classes: put them into train/CLASS/, or add a table labels.csv with the columns file and "
    "label"
)


@dataclass
class Layout:
    """Which images belong to which split and class."""

    root: Path
    """The folder that names are relative to."""
    parts: dict[str, Folders]
    """By split: `train`, and `validation` and `test` where they are given."""
    notes: list[str] = field(default_factory=list)
    skipped: Skipped = field(default_factory=Skipped)
    tables: list[Path] = field(default_factory=list)
    """The files that name the classes, where the folders do not."""


def find_layout(folder: Path) -> Layout:
    """How the images in a folder are laid out.

    Raises:
        TunerError: it is no folder, is made for the detection of objects, or it cannot be told what the classes are.
    """
    source = f"folder:{folder}"
    if not folder.is_dir():
        what = "is a file: unpack it, and name the folder" if folder.is_file() else "there is no such folder"
        raise TunerError(f"{source}: {what}")
    try:
        return _find(folder, source)
    except OSError as error:
        raise TunerError(f"{source}: {error.filename or folder}: {error.strerror}") from None


def _find(folder: Path, source: str) -> Layout:
    root = step_in(folder)
    notes = [] if root == folder else [f"read from {relative(root, folder)}, the only folder in it"]
    given = _part_folders(root, source)
    if "train" in given and holds_classes(step_in(given["train"], part=True)):
        refuse_boxes(root, source, classes=True)
        layout = _by_parts(root, given, source)
    else:
        layout = _without_parts(folder, root, source)
    layout.notes[:0] = notes
    layout.notes += [*_missing_notes(layout), *_deep_notes(layout)]
    return layout


def _part_folders(root: Path, source: str) -> dict[str, Path]:
    found: dict[str, list[Path]] = {}
    for entry in subfolders(root):
        if part := part_of(entry.name):
            found.setdefault(part, []).append(entry)
    for folders in found.values():
        exact = [folder for folder in folders if folder.name in ("train", "val", "test")]
        if len(folders) > 1 and "train" in found:
            labelled = [folder for folder in folders if holds_classes(step_in(folder, part=True))]
            if len(labelled) > 1:
                raise TunerError(f"{source}: has {labelled[0].name} and {labelled[1].name}: keep one of them")
            folders[:] = labelled or exact[:1] or folders[:1]
    return {part: folders[0] for part, folders in found.items()}


def _without_parts(folder: Path, root: Path, source: str) -> Layout:
    there = [folder for folder in subfolders(root) if any(True for _ in walk(folder, Skipped()))]
    named = [folder for folder in there if not is_generic(folder.name) and not part_of(folder.name)]
    refuse_boxes(root, source, classes=len(named) > 1)
    labels = read_labels(folder, source) if len(named) < 2 else None
    if labels is not None:
        return Layout(folder, labels.parts, list(labels.notes), labels.skipped, labels.tables)
    if there and not named and all(part_of(folder.name) for folder in there):
        raise TunerError(
            f"{source}: {' and '.join(folder.name for folder in there[:_SHOWN])} hold images, {_NO_CLASSES}"
        )
    _refuse_unknown_parts(there, source)
    layout = Layout(root, {})
    layout.parts["train"] = class_folders(root, layout.skipped)
    if not layout.parts["train"] and any(is_image(entry) for entry in root.iterdir()):
        raise TunerError(f"{source}: images lie in the folder itself, {_NO_CLASSES}")
    return layout


def _refuse_unknown_parts(there: Iterable[Path], source: str) -> None:
    """`foo/cat foo/dog test/cat test/dog` would become the classes foo and test."""
    inside = {folder: {below.name for below in subfolders(folder)} for folder in there}
    for part in (folder for folder in inside if part_of(folder.name)):
        for other, names in inside.items():
            if other != part and len(common := sorted(names & inside[part])) > 1:
                raise TunerError(
                    f"{source}: {other.name} and {part.name} both hold {common[0]} and {common[1]}: call the folder of "
                    "the training images train"
                )


def _by_parts(root: Path, given: dict[str, Path], source: str) -> Layout:
    layout = Layout(root, {})
    inner = {part: step_in(given[part], part=True) for part in PARTS if part in given}
    layout.parts["train"] = class_folders(inner.pop("train"), layout.skipped)
    known = {_key(name): name for name in layout.parts["train"]}
    for part, folder in inner.items():
        skipped = Skipped()
        found = class_folders(folder, skipped)
        strange = [name for name in found if _key(name) not in known]
        if len(found) == len(strange) < 2:
            layout.notes.append(_unlabelled(root, given[part], part))
            continue
        if strange:
            raise TunerError(
                f"{source}: the class {printable(strange[0])} is in {relative(folder, root)}, but not in train: add "
                f"images of it to train, or remove {relative(folder / strange[0], root)}"
            )
        layout.skipped.add_all(skipped)
        layout.parts[part] = {}
        for name, files in found.items():
            layout.parts[part].setdefault(known[_key(name)], []).extend(files)
            if name != known[_key(name)]:
                of_train = printable(known[_key(name)])
                layout.notes.append(f"{relative(folder / name, root)} is read as the class '{of_train}' of train")
    for entry in sorted(root.iterdir()):
        if entry in given.values():
            continue
        if entry.is_dir() and not is_hidden(entry):
            layout.skipped.add(OTHER, entry)
        else:
            layout.skipped.add_entry(entry)
    return layout


def _unlabelled(root: Path, folder: Path, part: str) -> str:
    count = sum(1 for _ in walk(folder, Skipped()))
    name = relative(folder, root)
    if not count:
        return f"{name} holds no image: a {part} split is held out of train"
    later = "; the model can answer for them later: tuner predict" if part == "test" else ""
    images = counted("{images}", count)
    return f"{name} has {images} without folders of classes: not read, a {part} split is held out of train{later}"


def _missing_notes(layout: Layout) -> list[str]:
    """A line for each split that lacks a class."""
    notes = []
    for part, folders in layout.parts.items():
        if missing := [name for name in layout.parts["train"] if name not in folders]:
            names = ", ".join(f"'{printable(name)}'" for name in missing[:_SHOWN])
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            notes.append(f"the {part} images have none of {names}{more}: scores there are of the other classes")
    return notes


def _deep_notes(layout: Layout) -> list[str]:
    """Images deeper than the folder of their class, as torchvision's ImageFolder takes them too."""
    deep = []
    for folders in () if layout.tables else layout.parts.values():
        for name, files in folders.items():
            deep += [file for file in files if file.parent.name != name and _key(file.parent.name) != _key(name)]
    if not deep:
        return []
    example = relative(deep[0], layout.root)
    return [f"{counted('{images}', len(deep))} taken from folders within that of their class, such as {example}"]


def _key(name: str) -> str:
    """What folders of one class have in common: a Mac writes é in two characters, and people write Cat and cat."""
    return normalize("NFC", name).casefold().replace("_", " ").replace("-", " ").strip()
