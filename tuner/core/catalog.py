"""The models, datasets and search spaces: a file placed in their folder is found, without being registered.

A file datasets/from_NAME.py reads users' own data, which is then given as NAME:PATH. The files of_LIBRARY.py know what
other libraries have, see library_names.py.
"""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from tuner.core.errors import TunerError, unknown
from tuner.core.library_names import LIBRARIES, is_library_name, is_title, title

Kind = Literal["models", "datasets", "search_spaces"]
_FORMAT, _LIBRARY = "from_", "of_"
_ENDING = {"models": ".py", "datasets": ".py", "search_spaces": ".toml"}


def names(kind: Kind) -> list[str]:
    """All names of a kind, sorted, without importing any of them. A file whose name starts with _ is a helper."""
    return [name for name in _all(kind) if not name.startswith((_FORMAT, _LIBRARY))]


def formats() -> list[str]:
    """The formats of users' own data, such as `csv` of `csv:PATH`."""
    return [name.removeprefix(_FORMAT) for name in _all("datasets") if name.startswith(_FORMAT)]


def libraries(kind: Literal["models", "datasets"]) -> dict[str, str]:
    """The libraries whose models or datasets can be named, each with a line on what it has."""
    return {library: summary(kind, _LIBRARY + library) for library in LIBRARIES[kind]}


def format_summary(name: str) -> str:
    """The first line of a format's docstring."""
    return summary("datasets", _FORMAT + name)


def read_format(name: str, path: Path, target: str | None) -> Any:
    """The splits of a user's own data. Raises TunerError if the format needs a target column, or does not take one."""
    load = import_module(f"tuner.datasets.{_FORMAT}{name}").load
    if "target" in inspect.signature(load).parameters:
        return load(path, target=target)
    if target is not None:
        raise TunerError(f"--target {target}: {name}:PATH already has classes: the option is for csv:PATH")
    return load(path)


def summary(kind: Literal["models", "datasets"], name: str) -> str:
    """The first line of a model's or dataset's docstring, read without importing it, unless it is a library's."""
    if is_library_name(kind, name):
        return str(load(kind, name).__doc__)
    tree = ast.parse(_file(kind, name).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]


def defines(kind: Literal["models", "datasets"], name: str, function: str) -> bool:
    """Whether the file of a model or dataset has a function of this name, found as `summary` is."""
    if is_library_name(kind, name):
        return hasattr(load(kind, name), function)
    tree = ast.parse(_file(kind, name).read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body)


def load(kind: Literal["models", "datasets"], name: str) -> Any:
    """The module of a model (`build`, `TASKS`) or a dataset (`load`); for a library's an object that has the same.

    Raises:
        TunerError: there is no such name, and the message names the nearest ones; or the library is not installed.
    """
    if is_library_name(kind, name):
        library, _, member = name.partition(":")
        return import_module(f"tuner.{kind}.{_LIBRARY}{library}").member(member)
    check(kind, name)
    return import_module(f"tuner.{kind}.{name}")


def check(kind: Literal["models", "datasets"], name: str) -> None:
    """Raises TunerError with the nearest names when there is no model or dataset of that name."""
    if is_library_name(kind, name):
        load(kind, name)
        return
    known = names(kind)
    if name not in known:
        raise unknown(kind.removesuffix("s"), name, known)


def search_space(dataset: str, model: str) -> str:
    """The text of a pair's own search-space file."""
    return _file("search_spaces", f"{dataset}-{title('models', model)}").read_text(encoding="utf-8")


def has_space(dataset: str, model: str) -> bool:
    """Whether the pair has a search space of its own."""
    return f"{dataset}-{title('models', model)}" in names("search_spaces")


def is_pair(name: str) -> bool:
    """Whether this may be the name DATASET-MODEL of a pair, under which its models are registered."""
    dataset, _, model = name.rpartition("-")
    own = dataset.startswith(tuple(f"{form}_" for form in formats())) or is_title("datasets", dataset)
    return (model in names("models") or is_title("models", model)) and (own or dataset in names("datasets"))


def _all(kind: Kind) -> list[str]:
    ending = _ENDING[kind]
    found = (entry.name for entry in files(f"tuner.{kind}").iterdir())
    return sorted(name.removesuffix(ending) for name in found if name.endswith(ending) and not name.startswith("_"))


def _file(kind: Kind, name: str) -> Traversable:
    return files(f"tuner.{kind}") / f"{name}{_ENDING[kind]}"
