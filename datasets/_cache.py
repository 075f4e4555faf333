"""Caches of slow datasets, stored as tensors. A cache is rebuilt when a source file changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from tuner.core.files import data_root, digest, file_state, write_atomic
from tuner.core.split_record import SplitRecord
from tuner.data.spec import DataSpec, Split, Splits

FORMAT = 3  # increase it when the stored content, or the way it is computed, changes
PARTS = ("train", "validation", "test")
GROUPS = "groups"


def cached(name: str, source: Path, files: Iterable[Path], recipe: object, make: Callable[[], Splits]) -> Splits:
    """Returns the result of `make`, or a cached one for the same files. A cache that cannot be written is skipped.

    Args:
        name: the dataset, for the name of the cache file; only letters, digits and _.
        source: the folder or archive with the files. One cache is kept for each; an older one is removed.
        files: all files that the result depends on. Their paths, sizes and modification times identify the cache.
        recipe: anything else that the result depends on.
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
    if splits.groups is not None:
        tensors[GROUPS] = splits.groups
    record = splits.record.to_json() if splits.record else None
    # write straight to the file: a dataset of gigabytes should not be in memory twice
    texts = {"spec": asdict(splits.spec), "notes": splits.notes, "record": record}
    save_file(tensors, path, {name: json.dumps(value) for name, value in texts.items()})


def _read(path: Path) -> Splits | None:
    """The splits of a cache, or None when it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            texts = {name: json.loads(text) for name, text in file.metadata().items()}
            # clone: safetensors returns a view of the whole file, and pickling it would include everything
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118 - not a dict
        train, validation, test = (Split(tensors[f"{part}.inputs"], tensors[f"{part}.targets"]) for part in PARTS)
        record = SplitRecord.from_json(texts["record"]) if texts["record"] else None
        spec, notes = DataSpec.from_json(texts["spec"]), tuple(texts["notes"])
        return Splits(spec, train, validation, test, notes, groups=tensors.get(GROUPS), record=record)
    except Exception:  # whatever is wrong, the cache is rebuilt
        return None
