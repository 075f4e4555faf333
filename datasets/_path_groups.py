"""Groups of files by their names: a regular expression, or the subfolder that they are in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tuner.core.errors import TunerError, printable
from tuner.core.units import counted

SUBFOLDER = "subfolder"
Groups = dict[str, NDArray[np.object_]]
Rows = dict[str, NDArray[np.int64]]


def path_groups(paths: Mapping[str, Sequence[Path]], by: str, source: str) -> tuple[Groups, Rows, list[str]]:
    """The group of each file that has one, which files these are, and a note on the others.

    Args:
        paths: by split, the paths below the folders of the classes.
        by: a regular expression, whose first bracket, or else the whole of it, is the group; or SUBFOLDER.
        source: of the data, for errors.

    Raises:
        TunerError: it is no regular expression, or most files have no such part.
    """
    try:
        expression = re.compile(r"^(.*)/" if by == SUBFOLDER else by)
    except re.error as error:
        raise TunerError(f"{source}: --group '{by}': no regular expression: {error}") from None
    found = {part: [_group(expression, path) for path in of_part] for part, of_part in paths.items()}
    without = [path for part in paths for path, name in zip(paths[part], found[part], strict=True) if name is None]
    total = sum(map(len, paths.values()))
    if 2 * len(without) > total:
        what = "lie in no subfolder of their class" if by == SUBFOLDER else "have no such part in their path"
        example = f"such as {printable(str(without[0]))}"
        raise TunerError(f"{source}: --group '{by}': {len(without)} of {counted(total, 'file')} {what}, {example}")
    rows = {p: np.flatnonzero([name is not None for name in names]) for p, names in found.items()}
    groups = {p: np.array([name for name in names if name is not None], dtype=object) for p, names in found.items()}
    note = (
        f"{counted(len(without), 'file')} without a group skipped, such as {printable(str(without[0]))}"
        if without
        else ""
    )
    return groups, rows, [note] if note else []


def below_class(path: Path, name: str, root: Path) -> Path:
    """The path below the folder of its class, or below `root` where no folder above has the class's name."""
    above = [place for place, part in enumerate(path.parts[:-1]) if part.casefold() == name.casefold()]
    if above:
        return Path(*path.parts[above[-1] + 1 :])
    return path.relative_to(root) if path.is_relative_to(root) else Path(path.name)


def _group(expression: re.Pattern[str], path: Path) -> str | None:
    match = expression.search(path.as_posix())
    return None if match is None else match[1] if expression.groups else match[0]
