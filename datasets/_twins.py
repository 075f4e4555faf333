"""Finds images that a folder holds twice: in two classes, or in the test split and in another one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from filecmp import cmp
from pathlib import Path

from torch import Tensor

from tuner.data.spec import Split

from ._images import Labelled
from ._skipped import counted, relative

Twins = list[tuple[Labelled, Labelled]]


def same_notes(splits: Mapping[str, Split], files: Mapping[str, Sequence[Labelled]], folder: Path) -> tuple[str, ...]:
    """Notes on images that are there twice: in two classes, or with their class in the test split and another one."""
    seen: dict[bytes, dict[int, tuple[Labelled, str]]] = {}  # by pixels and class, the first image and its split
    torn: Twins = []
    leaked: Twins = []
    for part in ("train", "validation", "test"):
        for key, file in zip(map(_digest, splits[part].inputs), files[part], strict=True):
            first = seen.setdefault(key, {})
            torn += [(file, twin) for target, (twin, _) in first.items() if target != file.target][:1]
            twin, of_part = first.setdefault(file.target, (file, part))
            if part == "test" and of_part != "test":
                leaked.append((file, twin))
    return (
        *_note(torn, f"with a twin in another class, {_how(torn)}", folder),
        *_note(leaked, "of the test split also trained or validated on, so that scores are too good", folder),
    )


def _note(twins: Twins, what: str, folder: Path) -> tuple[str, ...]:
    if not twins:
        return ()
    one, other = (relative(file.path, folder) for file in twins[0])
    return (f"{counted('{images}', len(twins))} {what}, such as {one}, which is {other}",)


def _how(twins: Twins) -> str:
    """In which way they are alike: their files, or what is made of them."""
    with suppress(OSError):
        if all(cmp(one.path, other.path, shallow=False) for one, other in twins):
            return "pixel by pixel"
    return "alike once read"


def _digest(image: Tensor) -> bytes:
    return hashlib.blake2b(image.numpy().data, digest_size=16).digest()
