"""Datasets that take long to read are kept as tensors: made once, and again when a file of their source changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from tuner.core.files import data_root, digest, file_state, write_atomic
from tuner.data.spec import DataSpec, Split, Splits

FORMAT = 1  # raise it when what is stored, or how it is made of the source, changes
PARTS = ("train", "validation", "test")


def cached(name: str, source: Path, files: Iterable[Path], recipe: object, make: Callable[[], Splits]) -> Splits:
    """What `make` gives, or what it gave before for the same files; a cache that cannot be written is done without.

    Args:
        name: the dataset, for the name of the cache's file; letters, digits and _ alone.
        source: the folder or archive of the files. One cache is kept for each; an older one of it is removed.
        files: all files that the result depends on, by their paths, sizes and times of change.
        recipe: what else it depends on.
        make: reads the source.
    """
    folder = data_root() / "cache"
    stem = f"{name}-{digest(source.resolve())}"
    path = folder / f"{stem}-{digest(FORMAT, recipe, *map(file_state, files))}.safetensors"
    kept = _read(path)
    if kept is not None:
        return kept
    splits = make()
    with suppress(OSError):
        write_atomic(path, lambda file: _pack(splits, Path(file.name)))
        for old in folder.glob(f"{stem}-*"):
            if old != path:
                old.unlink()
    return splits


def _pack(splits: Splits, path: Path) -> None:
    tensors = {f"{part}.{field}": tensor for part in PARTS for field, tensor in getattr(splits, part)._asdict().items()}
    # straight to the file: a set of gigabytes should not be in memory twice
    save_file(tensors, path, {"spec": json.dumps(asdict(splits.spec)), "notes": json.dumps(splits.notes)})


def _read(path: Path) -> Splits | None:
    """The splits of a cache, or None when it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            spec = DataSpec.from_json(json.loads(file.metadata()["spec"]))
            notes = tuple(json.loads(file.metadata()["notes"]))
            # clone: what safetensors gives is a window into the file, and would be pickled with all of it
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118 - it is no dict
        parts = {part: Split(tensors[f"{part}.inputs"], tensors[f"{part}.targets"]) for part in PARTS}
        return Splits(spec, **parts, notes=notes)
    except Exception:  # whatever is wrong with it, it is made again
        return None
