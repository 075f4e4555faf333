"""Image files that belong together by their names, such as those of a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ._division import Grouping
from ._images import Labelled
from ._path_groups import below_class, path_groups

Files = dict[str, list[Labelled]]  # by split


@dataclass(frozen=True)
class GroupedFiles:
    """Files that have a group."""

    by: str
    files: Files
    groups: Mapping[Path, str]
    notes: tuple[str, ...]

    def grouping(self, files: Files) -> Grouping:
        """The groups of some of these files."""
        found = {part: [self.groups[file.path] for file in of_part] for part, of_part in files.items()}
        return Grouping(self.by, {part: np.array(names, dtype=object) for part, names in found.items()})


def group_files(files: Files, classes: Sequence[str], by: str, root: Path, source: str) -> GroupedFiles:
    """The files that have a group. Raises TunerError as `path_groups`."""
    paths = {
        part: [below_class(path, classes[target], root) for path, target in of_part] for part, of_part in files.items()
    }
    names, rows, notes = path_groups(paths, by, source)
    kept = {part: [of_part[row] for row in rows[part].tolist()] for part, of_part in files.items()}
    found = {f.path: name for part in kept for f, name in zip(kept[part], names[part].tolist(), strict=True)}
    return GroupedFiles(by, kept, found, tuple(notes))
