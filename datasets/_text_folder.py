"""Folders of text files, a folder for each class, as aclImdb has them."""

from __future__ import annotations

from pathlib import Path

import torch

from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError, check_name, one_line, printable
from tuner.core.shorten import first_names
from tuner.core.units import counted
from tuner.data.spec import Split
from tuner.data.texts import MOST_BYTES

from ._division import Divided, Grouping, divide
from ._folder_walk import part_of, subfolders
from ._path_groups import below_class, path_groups

Files = dict[str, list[Path]]  # by class


def read_text_folder(
    folder: Path, source: str, options: DataOptions
) -> tuple[list[str], tuple[str, ...], Divided, list[str]]:
    """The texts, the names of the classes, how the texts are divided, and notes.

    Raises:
        TunerError: there are fewer than two classes, a file cannot be read, or an option is for tables.
    """
    if options.time:
        raise TunerError(f"{source}: --time {options.time}: files of texts have no column: give a table with --text")
    found, notes = _parts(folder)
    if options.test:
        if "test" in found:
            raise TunerError(f"--test {options.test}: {folder} has a test split: leave one of the two out")
        found["test"], more = _only_part(Path(options.test))
        notes += more
    classes = _classes(found, source)
    texts: list[str] = []
    targets: list[int] = []
    paths: dict[str, list[Path]] = {}
    splits: dict[str, Split] = {}
    empty = 0
    for part, files in found.items():
        begin, kept = len(texts), []
        for label, name in enumerate(classes):
            for path in files.get(name, ()):
                text = _read(path, source)
                if not text.strip():
                    empty += 1
                    continue
                kept.append(below_class(path, name, folder))
                texts.append(text)
                targets.append(label)
        paths[part] = kept
        splits[part] = Split(torch.arange(begin, len(texts)), torch.tensor(targets[begin:], dtype=torch.int64))
    notes += [f"{counted(empty, 'empty file')} skipped"] if empty else []
    by = None
    if options.group:
        groups, kept_rows, told = path_groups(paths, options.group, source)
        notes += told
        splits = {part: Split(*(each[torch.from_numpy(kept_rows[part])] for each in splits[part])) for part in splits}
        by = Grouping(options.group, groups)
    divided = divide(splits, classes, source, by=by, test=options.test or "")
    return texts, classes, divided, [*notes, *divided.notes]


def _parts(folder: Path) -> tuple[dict[str, Files], list[str]]:
    named = {part: below for below in subfolders(folder) if (part := part_of(below.name))}
    if "train" not in named:
        return {"train": _class_files(folder)[0]}, []
    found, notes = {}, []
    for part, below in named.items():
        found[part], others = _class_files(below)
        notes += [f"{below.name}: {counted(others, 'text')} in no class passed over"] if others else []
    other = sorted({below.name for below in subfolders(folder)} - {below.name for below in named.values()})
    return found, notes + ([f"folders passed over: {first_names(other, 4)}"] if other else [])


def _only_part(folder: Path) -> tuple[Files, list[str]]:
    """The classes of a folder that is a test split as a whole."""
    files, _ = _class_files(folder)
    if not files:
        raise TunerError(f"--test {folder}: it has no folder of .txt files for each class")
    return files, []


UNLABELLED = ("unsup", "unlabelled", "unlabeled")


def _class_files(folder: Path) -> tuple[Files, int]:
    """The texts of each class, and how many are in folders of none."""
    found = {below.name: sorted(below.rglob("*.txt")) for below in subfolders(folder)}
    others = sum(len(found.pop(name)) for name in [name for name in found if name.lower() in UNLABELLED])
    return {name: files for name, files in found.items() if files}, others


def _classes(found: dict[str, Files], source: str) -> tuple[str, ...]:
    classes = tuple(sorted(found["train"]))
    if len(classes) < 2:
        has = f"texts of {printable(classes[0])} only" if classes else "none"
        advice = "; of a table name the columns: --text and --target"
        raise TunerError(
            f"{source}: needs a folder of .txt files for each of two or more classes, and has {has}{advice}"
        )
    for name in classes:
        check_name(name, f"{source}: the class")
    for part, files in found.items():
        strange = sorted(set(files) - set(classes))
        if strange:
            raise TunerError(f"{source}: the class {printable(strange[0])} is in {part}, but not in train")
    return classes


def _read(path: Path, source: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise TunerError(f"{source}: {path}: {error.strerror or one_line(error)}") from None
    if len(content) > MOST_BYTES:
        raise TunerError(f"{source}: {path} has more than {MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TunerError(f"{source}: {path}: {one_line(error)}") from None
