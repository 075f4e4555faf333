"""docs/architecture.md and CONTRIBUTING.md name modules and files: all of them exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOMS = (
    *("cli", "core", "data", "execution", "python", "report"),
    *("search", "serving", "sweeps", "tracking", "training", "warm"),
)
MODULE = re.compile(rf"`((?:{'|'.join(ROOMS)})(?:\.[a-z_]+)+)`")
FILE = re.compile(r"`((?:tuner|tests|docs|docker|models|datasets)/[\w/.]*)`")


def walks() -> list[list[str]]:
    """The modules that each of the three walks names."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    return [MODULE.findall(walk) for walk in re.split(r"^### \d", text, flags=re.MULTILINE)[1:]]


def test_each_walk_names_modules_of_several_rooms() -> None:
    assert len(walks()) == 3
    assert all(len({module.split(".")[0] for module in walk}) >= 4 for walk in walks())


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_module_and_file_that_is_named_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    modules = [ROOT / "tuner" / module.replace(".", "/") for module in MODULE.findall(text)]
    missing = [str(path) for path in modules if not (path.with_suffix(".py").exists() or path.is_dir())]
    named = [name for name in FILE.findall(text) if "NAME" not in name]
    assert not missing + [name for name in named if not (ROOT / name).exists()]


def test_the_picture_has_all_rooms() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert {path.parent.name for path in (ROOT / "tuner").glob("[!_]*/__init__.py")} == set(ROOMS)
    assert all(f'{room}["<b>{room}</b>' in text for room in ROOMS)
