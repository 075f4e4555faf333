"""What a folder of images holds and is not read, by kind: each kind is one note with a count and an example."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tuner.core.errors import printable
from tuner.data.image_files import ENDINGS

from ._endings import is_text, why_unread

CLUTTER = ("thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "lost+found")  # of systems and NAS boxes
OWN, _IN_OWN = "runs", ("mlflow.db", "pictures")
MOST_ENDINGS = 5  # that are named

HIDDEN = "{hidden} skipped"
LINK = "{links} skipped: nothing is there that {they lead} to"
CIRCLE = "{links} skipped: back to a folder around"
LOOSE = "{images} skipped: in no class's folder"
MASK = "{images} skipped: masks beside images"
OTHER = "{folders} skipped: neither training, validation nor test images, by their names"
EMPTY = "{folders} skipped: no image in it"
ODD = "{files} skipped: pipes, devices and the like"


def is_hidden(path: Path | os.DirEntry[str]) -> bool:
    """Whether people do not see it, or a system or tuner itself has put it there."""
    return path.name.startswith(".") or path.name.lower() in CLUTTER or (path.name == OWN and _is_own(path))


def _is_own(path: Path | os.DirEntry[str]) -> bool:
    """Whether it is the folder of tuner's results, which is made where commands are typed."""
    return any(Path(path, name).exists() for name in _IN_OWN)


def is_image(path: Path | os.DirEntry[str]) -> bool:
    """Whether its name is that of an image, as far as they are read."""
    return path.name.lower().endswith(ENDINGS)


class Skipped:
    """Files and folders that are not read."""

    def __init__(self) -> None:
        """There is none yet."""
        self._kinds: dict[str, list[Path]] = {}
        self._endings: dict[str, list[Path]] = {}

    def add(self, kind: str, *paths: Path) -> None:
        """Adds entries of one of the kinds above."""
        if paths:
            self._kinds.setdefault(kind, []).extend(paths)

    def add_entry(self, path: Path) -> None:
        """Adds an entry that is not an image in the folder of a class, whatever it is."""
        if is_hidden(path):
            self.add(HIDDEN, path)
        elif path.is_dir():
            self.add(EMPTY, path)
        elif not path.exists():
            self.add(LINK, path)
        elif not path.is_file():
            self.add(ODD, path)
        elif is_image(path):
            self.add(LOOSE, path)
        else:
            self._endings.setdefault(path.suffix.lower(), []).append(path)

    def add_all(self, other: Skipped) -> None:
        """Adds what was skipped elsewhere."""
        for kind, paths in other._kinds.items():
            self.add(kind, *paths)
        for ending, paths in other._endings.items():
            self._endings.setdefault(ending, []).extend(paths)

    def forget(self, paths: Iterable[Path]) -> None:
        """Takes out files that are read after all."""
        for path in paths:
            self._endings[path.suffix.lower()].remove(path)
        self._endings = {ending: files for ending, files in self._endings.items() if files}

    def texts(self) -> str:
        """What most of the files are where they hold texts, such as `274 .txt`; otherwise ""."""
        ending, paths = max(self._endings.items(), key=lambda item: len(item[1]), default=("", []))
        return f"{len(paths)} {ending or 'texts'}" if paths and is_text(ending, paths[0]) else ""

    def notes(self, root: Path) -> tuple[str, ...]:
        """A line for each kind, whose example is relative to `root`."""
        return tuple(self._lines(root))

    def _lines(self, root: Path) -> Iterator[str]:
        common = sorted(self._endings.items(), key=lambda item: (-len(item[1]), item[0]))
        for ending, paths in common[:MOST_ENDINGS]:
            why = why_unread(ending, paths[0])
            yield f"{len(paths)} {ending or 'without an ending'}: {why}, {_example(paths, root)}"
        if rest := [path for _, paths in common[MOST_ENDINGS:] for path in paths]:
            yield f"{len(rest)} of {len(common) - MOST_ENDINGS} more formats that are not read, {_example(rest, root)}"
        for kind, paths in sorted(self._kinds.items()):
            yield f"{counted(kind, len(paths))}, {_example(paths, root)}"


def counted(kind: str, count: int) -> str:
    """The words of a kind for so many.

    >>> counted(LINK, 2)
    '2 links skipped: nothing is there that they lead to'
    >>> counted(HIDDEN, 1)
    '1 hidden file or folder skipped'
    """
    kind = kind.replace("{hidden}", f"{count} hidden {'file or folder' if count == 1 else 'files or folders'}")
    kind = kind.replace("{they lead}", "it leads" if count == 1 else "they lead")
    for word in ("images", "links", "folders", "files"):
        kind = kind.replace(f"{{{word}}}", f"{count} {word[:-1] if count == 1 else word}")
    return kind


def relative(path: Path, root: Path) -> str:
    """The path below `root`, safe to show."""
    return printable(str(path.relative_to(root) if path.is_relative_to(root) else path))


def _example(paths: list[Path], root: Path) -> str:
    return f"such as {relative(paths[0], root)}"
