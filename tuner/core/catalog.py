"""The models, datasets and search spaces: a file placed in their folder is found, without being registered.

A file datasets/from_NAME.py reads users' own data, which is then given as NAME:PATH. The files of_LIBRARY.py know what
other libraries have, see library_names.py. The names of a user's own code, see `own_code`, are taken too.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from tuner.core import own_code
from tuner.core.errors import TunerError, unknown
from tuner.core.library_names import LIBRARIES, is_library_name, is_title

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


def read_format(name: str, path: Path, target: str | None, **options: str) -> Any:
    """The splits of a user's own data; `options` are those of `DataOptions`, and the `task` of a target.

    Raises:
        TunerError: the format does not take an option, or needs a target column, or the data cannot be read.
    """
    load = import_module(f"tuner.datasets.{_FORMAT}{name}").load
    check_options(name, options)
    if "target" in inspect.signature(load).parameters:
        return load(path, target=target, **options)
    if target is not None:
        raise TunerError(f"--target {target}: {name}:PATH already has classes: the option is for csv:PATH")
    return load(path, **options)


def check_options(name: str, options: Mapping[str, str]) -> None:
    """Raises TunerError for an option that a format does not take, with the formats that do."""
    for option, value in options.items():
        if option not in _taken(name):
            fitting = " and ".join(f"{form}:PATH" for form in formats() if option in _taken(form))
            raise TunerError(f"--{option} {value}: {name}:PATH does not take it: the option is for {fitting}")


def _taken(name: str) -> list[str]:
    """The keyword arguments of a format's `load`, read without importing it."""
    tree = ast.parse(_file("datasets", _FORMAT + name).read_text(encoding="utf-8"))
    loads = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "load"]
    return [argument.arg for node in loads for argument in node.args.kwonlyargs]


def summary(kind: Literal["models", "datasets"], name: str) -> str:
    """The first line of a model's or dataset's docstring, read without importing it if it is the catalog's."""
    if is_library_name(kind, name):
        return str(load(kind, name).__doc__)
    if own_code.is_own(name):
        return (own_code.module_of(kind, name).__doc__ or "").strip().split("\n", 1)[0]
    tree = ast.parse(_file(kind, name).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]


def defines(kind: Literal["models", "datasets"], name: str, function: str) -> bool:
    """Whether the file of a model or dataset has a function of this name, found as `summary` is."""
    if is_library_name(kind, name):
        return hasattr(load(kind, name), function)
    if own_code.is_own(name):
        return callable(getattr(own_code.module_of(kind, name), function, None))
    tree = ast.parse(_file(kind, name).read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body)


def resolve(kind: Literal["models", "datasets"], text: str) -> str:
    """The name for what a user typed: one of the catalog, or one of their own code. See `own_code.resolve`."""
    words = [*LIBRARIES[kind], *(formats() if kind == "datasets" else ())]
    return own_code.resolve(kind, text, names(kind), words)


def load(kind: Literal["models", "datasets"], name: str) -> Any:
    """The module of a model (`build`, `TASKS`) or a dataset (`load`); for a library's an object that has the same.

    Raises:
        TunerError: there is no such name, and the message names the nearest ones; or the library is not installed.
    """
    if is_library_name(kind, name):
        library, _, member = name.partition(":")
        return import_module(f"tuner.{kind}.{_LIBRARY}{library}").member(member)
    if own_code.is_own(name):
        return own_code.module_of(kind, name)
    check(kind, name)
    return import_module(f"tuner.{kind}.{name}")


def check(kind: Literal["models", "datasets"], name: str) -> None:
    """Raises TunerError with the nearest names when there is no model or dataset of that name."""
    if is_library_name(kind, name):
        load(kind, name)
        return
    known = names(kind)
    if name not in known and not own_code.is_own(name):
        raise unknown(kind.removesuffix("s"), name, [*known, *own_code.found_in(kind)])


def search_space(dataset: str, model: str) -> str:
    """The text of a pair's own search-space file: of one in ./search_spaces, else of the catalog's."""
    pair = f"{dataset}-{own_code.title(model)}"
    return (own_code.space_here(pair) or _file("search_spaces", pair)).read_text(encoding="utf-8")


def has_space(dataset: str, model: str) -> bool:
    """Whether the pair has a search space of its own. Those of the catalog are not for a user's own models."""
    pair = f"{dataset}-{own_code.title(model)}"
    return own_code.space_here(pair) is not None or (not own_code.is_own(model) and pair in names("search_spaces"))


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
