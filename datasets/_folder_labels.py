"""Reads the classes of images from a table beside them, as Kaggle and others hand them out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from tuner.core.errors import TunerError, printable
from tuner.data.image_files import ENDINGS
from tuner.data.tables import read_table

from ._folder_boxes import VIA_CLASSES
from ._folder_walk import Folders, entries, part_of, subfolders, walk
from ._skipped import Skipped, counted, is_hidden, relative

_LEAST = 0.5  # of the rows or of the images, so that a column counts as their names
_FILE = re.compile("file|image|img|path|name|id$|photo|picture")
_SHOWN = 4
_ENDINGS = (".csv", ".tsv")
_LABEL = re.compile("label|clas|klass|categor|diagnos|etiquet")
_LABELS = "label labels class classes class_name classname label_name category target y species breed diagnosis dx"
_LABELS += " type tag answer choice group class_id category_id label_id"
_PART_COLUMNS = ("split", "set", "subset", "part", "partition", "data set", "dataset", "phase", "usage")
_BOXES = (
    {"xmin", "ymin", "xmax", "ymax"},
    {"bbox"},
    {"x_min", "y_min", "x_max", "y_max"},
    {"encodedpixels"},
    {"rle"},
    {"region_shape_attributes"},
)


@dataclass(frozen=True)
class Labels:
    """The classes of images, from one table or one for each split."""

    parts: dict[str, Folders]
    notes: tuple[str, ...]
    skipped: Skipped
    tables: list[Path]


class _Images:
    """All images of a folder, found by what a table calls them."""

    def __init__(self, root: Path) -> None:
        self.skipped = Skipped()
        self.root = root
        self.files = list(walk(root, self.skipped))
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for file in self.files:
            for name in {file.name.lower(), file.stem.lower()}:
                self._by_name[name].append(file)

    def find(self, cell: str, part: str | None) -> Path | None:
        """The image that a cell names, by its path or name, with or without its ending.

        Of several with the same name, the one that lies where the path says; or else in the folder of the table's part.
        """
        path = PurePosixPath(cell.replace("\\", "/").lower())
        found = self._by_name.get(path.name, [])
        if len(found) > 1 and len(path.parts) > 1:
            wanted = [file for file in found if file.parent.name.lower() == path.parent.name]
            found = wanted or found
        if len(found) > 1:
            found = [file for file in found if self.part(file) == (part or "train")] or found
        return found[0] if len(found) == 1 else None

    def part(self, file: Path) -> str | None:
        """The split whose folder an image is in."""
        folders = file.relative_to(self.root).parts[:-1]
        return next((part for part in map(part_of, folders) if part), None)


def read_labels(root: Path, source: str) -> Labels | None:
    """The classes of the images in a folder, from the tables in it that name images; None if there is no such table.

    Raises:
        TunerError: it cannot be told which column has the classes, or the table is one of boxes.
    """
    tables = [table for folder in (root, *subfolders(root)) for table in _tables(folder)]
    if not tables:
        return None
    images = _Images(root)
    rows: list[_Row] = []
    notes: list[str] = []
    used: list[Path] = []
    for table in tables:
        named = _named_rows(table, images, source)
        if named is not None:
            used.append(table)
            rows += named[0]
            notes += named[1]
    if not used:
        return None
    images.skipped.forget(used)
    parts, more = _sorted_out(rows, images, used[0].name)
    return Labels(parts, (*notes, *more), images.skipped, used)


def _tables(folder: Path) -> list[Path]:
    found = [entry for entry in entries(folder) if entry.name.lower().endswith(_ENDINGS) and not is_hidden(entry)]
    return [folder / entry.name for entry in found if entry.is_file() and "submission" not in entry.name.lower()]


class _Row(NamedTuple):
    image: Path
    label: str
    part: str


def _named_rows(path: Path, images: _Images, source: str) -> tuple[list[_Row], list[str]] | None:
    """The rows of a table that name an image, and notes; None if it is not a table of images and classes."""
    table = read_table(path)
    frame, name = table.frame, relative(path, images.root)
    file_column = _file_column(frame, images)
    if file_column is None:
        return None
    labels = _labels(frame.drop(columns=file_column), f"{source}: {name}")
    if labels is None:
        return None
    parts = _given_parts(frame, part_of(path.stem) or images.part(path))
    rows, lost, blank = [], [], []
    for cell, label, part in zip(frame[file_column], labels, parts, strict=True):
        image = images.find(cell, part)
        if image is None:
            lost.append(cell)
        elif not label:
            blank.append(cell)
        else:
            rows.append(_Row(image, label, part or images.part(image) or "train"))
    notes = [f"classes read from the column '{labels.name}' of {name}, images from '{file_column}'", *table.notes]
    notes += table.padding_notes(str(labels.name))
    if table.bad:
        notes.append(f"{len(table.bad)} rows of {name} cannot be read, such as {printable(str(table.bad[0]))}")
    for what, cells in (("name no image that is there", lost), ("have no class", blank)):
        if cells:
            notes.append(f"{len(cells)} of {len(frame)} rows of {name} {what}, such as {printable(cells[0])}")
    return rows, notes


def _file_column(frame: pd.DataFrame, images: _Images) -> str | None:
    """The column whose cells name images; one that is called after files comes first."""
    best: tuple[bool, bool, float] = (False, False, 0.0)
    chosen = None
    for column in frame.columns:
        cells = frame[column].unique()
        found = sum(images.find(cell, None) is not None for cell in cells)
        share = max(found / len(cells), found / max(1, len(images.files)))
        paths = sum(cell.lower().endswith(ENDINGS) for cell in cells) > len(cells) / 2
        score = (paths, bool(_FILE.search(column.lower())), share)
        if share >= _LEAST and score > best:
            best, chosen = score, column
    return chosen


def _labels(rest: pd.DataFrame, where: str) -> pd.Series | None:
    """The class of each row, with the name of its column; None if there is no column for it."""
    names = {column.lower().strip(): column for column in rest.columns}
    via = {"file_attributes", "region_shape_attributes"} <= set(names)
    if via and set(rest[names["region_shape_attributes"]]) <= {"", "{}"}:
        raise TunerError(f"{where} {VIA_CLASSES}")
    if any(boxes <= set(names) for boxes in _BOXES):
        raise TunerError(
            f"{where} has boxes or outlines of objects in images, and tuner tells the class of a whole image: put each "
            "image into a folder of its class"
        )
    called = next((names[name] for name in _LABELS.split() if name in names), None)
    if called is None and len(like := [column for name, column in names.items() if _LABEL.search(name)]) == 1:
        called = like[0]
    if called is not None:
        return rest[called]
    flags = [column for column in rest.columns if set(rest[column]) <= {"0", "1", "0.0", "1.0"}]
    ones = rest[flags].isin(("1", "1.0"))
    if len(flags) > 1 and bool((ones.sum(axis=1) == 1).all()):
        return ones.idxmax(axis=1).rename(f"{flags[0]}' to '{flags[-1]}")
    others = [column for name, column in names.items() if name not in _PART_COLUMNS and column]
    if len(others) > 1:
        columns = ", ".join(f"'{printable(column)}'" for column in others[:_SHOWN])
        more = " ..." if len(others) > _SHOWN else ""
        raise TunerError(f"{where} has the columns {columns}{more}: call the one with the classes 'label'")
    return rest[others[0]] if others else None


def _given_parts(frame: pd.DataFrame, of_table: str | None) -> list[str | None]:
    """The split of each row: by a column of the table that says it, or by the table's name."""
    for column in frame.columns:
        parts = [part_of(cell) for cell in frame[column]]
        if column.lower().strip() in _PART_COLUMNS and all(parts):
            return parts
    return [of_table] * len(frame)


def _sorted_out(rows: Sequence[_Row], images: _Images, table: str) -> tuple[dict[str, Folders], list[str]]:
    """The images by split and class, and notes on those with no class or more than one."""
    labels: dict[Path, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        labels[row.image].add((row.part, row.label))
    several = [image for image, found in labels.items() if len(found) > 1]
    parts: dict[str, Folders] = defaultdict(lambda: defaultdict(list))
    parts["train"] = defaultdict(list)
    for image in sorted(labels):
        if len(labels[image]) == 1:
            part, label = next(iter(labels[image]))
            parts[part][label].append(image)
    notes = []
    if several:
        example = relative(min(several), images.root)
        notes.append(f"{counted('{images}', len(several))} skipped: more than one class in {table}, such as {example}")
    if unknown := [file for file in images.files if file not in labels]:
        example = relative(unknown[0], images.root)
        notes.append(
            f"{counted('{images}', len(unknown))} not named in {table}: not read, such as {example}; the model can "
            "answer for them later: tuner predict"
        )
    return {part: dict(folders) for part, folders in parts.items()}, notes
