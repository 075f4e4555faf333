"""Finds the images of each split and class in a folder, as people and programs lay them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuner.core.errors import TunerError, printable

from ._folder_boxes import refuse_boxes
from ._folder_labels import read_labels
from ._folder_walk import (
    class_folders,
    holds_classes,
    holds_images,
    is_no_class,
    part_of,
    step_in,
    subfolders,
    walk,
    without_number,
)
from ._layout import PARTS, Layout, key
from ._skipped import OTHER, Skipped, counted, is_hidden, is_image, relative

_SHOWN = 3  # folders that are named
_NO_CLASSES = (
    "and no folder says their classes: put them into train/CLASS/, or add a table labels.csv with the columns file and "
    "label"
)


def find_layout(folder: Path, *, grouped: bool = False) -> Layout:
    """How the images in a folder are laid out.

    Args:
        folder: the folder.
        grouped: whether the user has said that folders below those of the classes are groups.

    Raises:
        TunerError: it is no folder, is made for the detection of objects, or it cannot be told what the classes are.
    """
    source = f"folder:{folder}"
    if not folder.is_dir():
        what = "is a file: unpack it, and name the folder" if folder.is_file() else "there is no such folder"
        raise TunerError(f"{source}: {what}")
    try:
        return _find(folder, source, grouped=grouped)
    except OSError as error:
        raise TunerError(f"{source}: {error.filename or folder}: {error.strerror}") from None


def add_test(layout: Layout, test: Path, folder: Path, *, grouped: bool) -> None:
    """Adds a folder of images with the same classes as the test split.

    Raises:
        TunerError: there is a test split already, or the folder has splits itself, or holds no classes.
    """
    if "test" in layout.parts:
        raise TunerError(f"--test {test}: {folder} has a test split of its own: leave one of the two out")
    found = find_layout(test, grouped=grouped)
    if set(found.parts) != {"train"} or not found.parts["train"]:
        made = f"splits of its own ({', '.join(found.parts)})" if found.parts["train"] else "no images of classes"
        raise TunerError(f"--test {test}: it has {made}: name the folder that holds a folder for each class")
    layout.parts["test"] = found.parts["train"]
    layout.notes += [f"{test.name}: {note}" for note in found.notes]
    layout.skipped.add_all(found.skipped)


def _find(folder: Path, source: str, *, grouped: bool) -> Layout:
    root = step_in(folder)
    notes = [] if root == folder else [f"read from {relative(root, folder)}, the only folder with images in it"]
    given = _part_folders(root, source)
    if "train" in given and holds_classes(step_in(given["train"], part=True)):
        for place in dict.fromkeys((root, folder)):
            refuse_boxes(place, source, classes=True)
        layout = _by_parts(root, given, source)
    else:
        layout = _without_parts(folder, root, source, grouped=grouped)
    layout.notes[:0] = notes
    layout.notes += layout.remarks()
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


def _without_parts(folder: Path, root: Path, source: str, *, grouped: bool) -> Layout:
    there = [folder for folder in subfolders(root) if holds_images(folder)]
    named = [folder for folder in there if not is_no_class(folder.name)]
    for place in dict.fromkeys((root, folder)):
        refuse_boxes(place, source, classes=len(named) > 1)
    labels = read_labels(folder, source) if len(named) < 2 else None
    if labels is not None:
        return Layout(folder, labels.parts, list(labels.notes), labels.skipped, labels.tables)
    given = {part: place for part, place in _part_folders(root, source).items() if part != "train"}
    if any(len(_classes_in(place) & set(map(key, (folder.name for folder in named)))) > 1 for place in given.values()):
        return _by_parts(root, given, source)
    _refuse_parts(there, source, grouped=grouped)
    if there and not named:
        raise TunerError(
            f"{source}: {' and '.join(folder.name for folder in there[:_SHOWN])} hold images, {_NO_CLASSES}"
        )
    layout = Layout(root, {})
    layout.parts["train"] = class_folders(root, layout.skipped)
    if not layout.parts["train"] and any(is_image(entry) for entry in root.iterdir()):
        raise TunerError(f"{source}: images lie in the folder itself, {_NO_CLASSES}")
    layout.notes += [
        f"'{place.name}' counts as a class beside the others: rename the folder if it holds images of them"
        for place in given.values()
        if place.name in layout.parts["train"]
    ]
    return layout


def _classes_in(folder: Path) -> set[str]:
    return {key(below.name) for below in subfolders(step_in(folder, part=True))}


def _refuse_parts(there: Sequence[Path], source: str, *, grouped: bool) -> None:
    """`foo/cat foo/dog test/cat test/dog` would become the classes foo and test; folds and versions likewise."""
    inside = [{below.name for below in subfolders(folder)} for folder in there]
    common = sorted(set.intersection(*inside)) if len(there) > 1 else []
    if len(common) < 2:
        return
    both = f"{source}: {there[0].name} and {there[1].name} both hold {common[0]} and {common[1]}"
    if any(part_of(folder.name) for folder in there):
        raise TunerError(f"{both}: call the folder of the training images train")
    if grouped:
        return
    if len(common) > len(there) or {without_number(folder.name) for folder in there} == {without_number(there[0].name)}:
        raise TunerError(f"{both}: which are the classes? Name one folder, or put all of a class into one folder")


def _by_parts(root: Path, given: dict[str, Path], source: str) -> Layout:
    layout = Layout(root, {})
    inner = {part: step_in(given[part], part=True) for part in PARTS if part in given}
    # where there is no folder of them, the training images are the folders beside the other parts
    train = inner.pop("train", root)
    layout.parts["train"] = class_folders(train, layout.skipped, without=list(given.values()))
    classes = layout.parts["train"]
    known = {key(name): name for name in classes}
    for part, folder in inner.items():
        skipped = Skipped()
        found = class_folders(folder, skipped)
        strange = [name for name in found if key(name) not in known]
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
            of_train = name if name in classes else known[key(name)]
            layout.parts[part].setdefault(of_train, []).extend(files)
            if name != of_train:
                read_as = f"is read as the class '{printable(of_train)}' of train"
                layout.notes.append(f"{relative(folder / name, root)} {read_as}")
    for entry in sorted(root.iterdir()) if train != root else ():
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
