"""The models, datasets and search spaces: a file dropped into their folder is found, nothing to register."""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import ModuleType
from typing import Literal

from tuner.errors import TunerError, unknown

Kind = Literal["models", "datasets", "search_spaces"]
_ENDING = {"models": ".py", "datasets": ".py", "search_spaces": ".toml"}


def names(kind: Kind) -> list[str]:
    """All names of a kind, sorted, without importing any of them. A file whose name starts with _ is a helper."""
    ending = _ENDING[kind]
    found = (entry.name for entry in files(f"tuner.{kind}").iterdir())
    return sorted(name.removesuffix(ending) for name in found if name.endswith(ending) and not name.startswith("_"))


def summary(kind: Literal["models", "datasets"], name: str) -> str:
    """The first line of a model's or dataset's docstring, read without importing it."""
    tree = ast.parse(_file(kind, name).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]


def load(kind: Literal["models", "datasets"], name: str) -> ModuleType:
    """The module of a model (`build`, `TASKS`) or a dataset (`load`).

    Raises:
        TunerError: there is no such name; the message names the nearest ones.
    """
    check(kind, name)
    return import_module(f"tuner.{kind}.{name}")


def check(kind: Literal["models", "datasets"], name: str) -> None:
    """Raises TunerError with the nearest names when there is no model or dataset of that name."""
    known = names(kind)
    if name not in known:
        raise unknown(kind.removesuffix("s"), name, known)


def search_space(dataset: str, model: str) -> str:
    """The text of the pair's search space.

    Raises:
        TunerError: the pair has none.
    """
    pair = f"{dataset}-{model}"
    if pair not in names("search_spaces"):
        others = ", ".join(names("search_spaces"))
        raise TunerError(f"no search space for {pair}: add one with --space FILE, or choose a pair of {others}")
    return _file("search_spaces", pair).read_text(encoding="utf-8")


def _file(kind: Kind, name: str) -> Traversable:
    return files(f"tuner.{kind}") / f"{name}{_ENDING[kind]}"
