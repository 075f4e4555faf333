"""The code of this package: copied to where it is needed, and identified by a digest."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from importlib.metadata import distribution
from importlib.resources import as_file, files
from pathlib import Path

PARTS = ("models", "datasets", "search_spaces")  # they are outside the package's folder in a development installation


def copy_package(folder: Path) -> Path:
    """Copies this package, with the catalog's folders where an installation has them. Returns its folder."""
    package = folder / "tuner"
    ignore = shutil.ignore_patterns("__pycache__")
    with as_file(files("tuner")) as source:
        shutil.copytree(source, package, ignore=ignore)
    for part in PARTS:
        with as_file(files(f"tuner.{part}")) as source:
            shutil.copytree(source, package / part, ignore=ignore, dirs_exist_ok=True)
    return package


def unzipped_wheel(folder: Path) -> list[Path]:
    """The package and its metadata, as an installed wheel has them, for the module path of another machine."""
    ours = distribution("tuner")
    info = folder / f"tuner-{ours.version}.dist-info"
    info.mkdir(parents=True)
    text = ours.read_text("METADATA") or ours.read_text("PKG-INFO") or ""  # the latter beside a checkout
    (info / "METADATA").write_text(text, encoding="utf-8")
    return [copy_package(folder), info]


def digest() -> str:
    """A digest of the code of this package: versions under development share a version number."""
    content = hashlib.sha256()
    for path, text in sorted(_sources()):
        content.update(f"{path}\n{hashlib.sha256(text).hexdigest()}\n".encode())
    return content.hexdigest()[:16]


def _sources() -> Iterator[tuple[str, bytes]]:
    for part in ("", *PARTS):
        with as_file(files(f"tuner.{part}" if part else "tuner")) as folder:
            for path in folder.rglob("*"):
                inside = path.relative_to(folder)
                if (
                    path.is_file()
                    and "__pycache__" not in inside.parts
                    and not (part == "" and inside.parts[0] in PARTS)
                ):
                    yield f"{part}/{inside}", path.read_bytes()
