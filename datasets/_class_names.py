"""Finds files beside the folders of classes that say what the classes are called: they are told, and not used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tuner.core.errors import printable

from ._skipped import is_hidden, relative

_ENDINGS = (".txt", ".csv", ".tsv", ".json")
_MOST_FILES, _HEAD = 20, 1 << 18  # files of a folder, bytes of a file
_ENTRY = re.compile(r"""["']?(?P<key>[^\s,;:"']+)["']?\s*[\s,;:]\s*["']?(?P<name>[^"'\n]+)""")  # n01440764 tench


def names_notes(folders: Sequence[Path], classes: Sequence[str], root: Path) -> Iterator[str]:
    """A line for each file that gives every class another name, as ImageNet's LOC_synset_mapping.txt does."""
    for folder in dict.fromkeys(folders):
        with suppress(OSError):
            files = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in _ENDINGS]
            for file in [file for file in files if file.is_file() and not is_hidden(file)][:_MOST_FILES]:
                names = _names(file, classes)
                if names and any(names[key] != key for key in classes):
                    first = classes[0]
                    yield (
                        f"{relative(file, root)} names the classes, such as '{printable(names[first])}' for "
                        f"'{printable(first)}': not used, classes are called as their folders"
                    )


def _names(file: Path, classes: Sequence[str]) -> dict[str, str]:
    """The names of all classes; empty where the file does not have one for each."""
    with file.open("rb") as opened:
        text = opened.read(_HEAD).decode("utf-8", errors="replace")
    found = _of_json(text) if file.suffix.lower() == ".json" else _of_lines(text)
    named = {key: found[key] for key in classes if found.get(key)}
    several = len(set(named.values())) == len(classes)
    return named if several else {}


def _of_json(text: str) -> dict[str, str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {str(key): str(name) for key, name in content.items()} if isinstance(content, dict) else {}


def _of_lines(text: str) -> dict[str, str]:
    matches = map(_ENTRY.match, text.splitlines())
    return {match["key"]: match["name"].strip() for match in matches if match}
