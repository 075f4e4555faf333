"""What `tuner show` has computed of a dataset is kept, and computed again when its files or this package change."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tuner.core import catalog, own_code, package
from tuner.core.files import data_root, digest, file_state, write_atomic
from tuner.core.library_names import is_library_name
from tuner.core.machine import cpu_count
from tuner.data.source import Source


def cached(source: Source, make: Callable[[], dict[str, Any]], part: str = "data", also: str = "") -> dict[str, Any]:
    """What `make` gives, in the types of JSON, or what it gave before for the same files.

    A dataset that does not say where its files lie (FOUND_AT) is computed each time. A damaged cache is made anew, and
    one that cannot be written is done without.

    Args:
        source: of the data.
        make: computes it.
        part: which part of what is shown it is.
        also: stands for what it depends on beside the files and this package.
    """
    what = digest(source.dataset, source.target, source.task, *source.options.words())
    path = data_root() / "cache" / f"show-{part}-{what}.json"
    code = digest(package.digest(), also)
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["code"] == code and kept["files"] == _state([Path(place) for place in kept["places"]]):
            data: dict[str, Any] = kept["data"]
            return data
    data = json.loads(json.dumps(make()))
    with suppress(OSError):
        places = _places(source)
        files = _state(places)
        if files is not None:
            content = json.dumps({"code": code, "places": [*map(str, places)], "files": files, "data": data})
            write_atomic(path, lambda file: file.write(content.encode()))
    return data


def this_machine() -> str:
    """Stands for what decides which models suit data here: the cores, installed packages, weights and own spaces."""
    installed = sorted({f"{each.name} {each.version}" for each in importlib.metadata.distributions()})
    folders = [data_root() / "weights", Path("search_spaces")]
    return digest(platform.node(), cpu_count(), installed, *(_state([each]) or "" for each in folders))


def _places(source: Source) -> list[Path]:
    """The files and folders that a dataset is read from; none when that is not known."""
    if is_library_name("datasets", source.dataset):
        return []
    form, colon, path = source.dataset.partition(":")
    if own_code.is_own(source.dataset):
        return []
    if colon:
        return [Path(each) for each in (path, source.options.test) if each]
    found_at = getattr(catalog.load("datasets", form), "FOUND_AT", ())
    return [data_root() / each for each in sorted({Path(pattern).parts[0] for pattern in found_at})]


def _state(places: list[Path]) -> str | None:
    """Stands for all files there. None where there are none, or where links to folders lead away from there."""
    states = []
    for place in places:
        for file in _files(place):
            if file.is_dir():
                return None
            states.append(file_state(file))
    return digest(*sorted(states)) if states else None


def _files(place: Path) -> Iterator[Path]:
    """The file, or all in the folder; links to folders among them, which are not followed."""
    if place.is_file():
        yield place
    for folder, folders, names in os.walk(place):
        here = Path(folder)
        yield from (here / name for name in names)
        yield from (here / name for name in folders if (here / name).is_symlink())
