"""Which images of a folder belong to which split and class, and what is to be said about that."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from tuner.core.errors import printable

from ._folder_walk import Folders
from ._skipped import Skipped, counted, relative

PARTS = ("train", "validation", "test")
_SHOWN = 3
_UNLABELLED = (
    "unlabelled unlabeled nolabel notlabelled notlabeled unannotated unassigned unclassified undefined unknown"
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

    def remarks(self) -> list[str]:
        """A line for each split that lacks a class, for classes that may be one or none, and for deeper folders."""
        return [*_missing_notes(self), *_similar_notes(self), *_unlabelled_notes(self), *_deep_notes(self)]


def key(name: str) -> str:
    """What folders of one class have in common: a Mac writes é in two characters, and people write Cat and cat."""
    return normalize("NFC", name).casefold().replace("_", " ").replace("-", " ").strip()


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
    deep: list[Path] = []
    for folders in () if layout.tables else layout.parts.values():
        for name, files in folders.items():
            deep += [file for file in files if file.parent.name != name and key(file.parent.name) != key(name)]
    if not deep:
        return []
    example = relative(deep[0], layout.root)
    taken = f"{counted('{images}', len(deep))} taken from folders within that of their class, such as {example}"
    inner = [{file.parent.name for file in files} for files in layout.parts["train"].values()]
    alike = sorted(set.intersection(*inner)) if len(inner) > 1 else []
    if len(layout.parts) > 1 or len(alike) < 2:
        return [taken]
    doubt = f"if {printable(alike[0])} and {printable(alike[1])} are the classes, and "
    outer = " and ".join(f"'{printable(name)}'" for name in list(layout.parts["train"])[:2])
    return [f"{taken}; {doubt}{outer} parts of the data, name the parts train, val and test"]


def _similar_notes(layout: Layout) -> list[str]:
    """Classes that differ by case, or by how their words are joined."""
    first: dict[str, str] = {}
    notes = []
    for name in layout.parts["train"]:
        other = first.setdefault(key(name), name)
        if other != name:
            notes.append(f"'{printable(other)}' and '{printable(name)}' are two classes: is it one by two names?")
    return notes


def _unlabelled_notes(layout: Layout) -> list[str]:
    """Classes whose name says that their images have none, as programs for labelling write them."""
    found = [name for name in layout.parts["train"] if key(name).replace(" ", "") in _UNLABELLED.split()]
    return [
        f"'{printable(name)}' counts as a class beside the others: leave it out if its images have no class yet"
        for name in found
    ]
