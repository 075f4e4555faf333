"""A user's own models and datasets beside those of the catalog, each under a name that stands for its content.

    py:/home/me/my_model.py@0123456789abcdef

The path is where it was, for people and for commands to copy; the digest is that of the kept code. All functions that
take the name of a model or dataset take such a name. The code behind it is what a sweep has kept, and never the file.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from functools import cache, wraps
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any, Literal

from tuner.core import library_names
from tuner.core.code_import import function_of, load
from tuner.core.code_reference import find_code, find_in_folder
from tuner.core.errors import TunerError, one_line
from tuner.core.files import is_file, read_checked_json, slug
from tuner.core.kept_code import MANIFEST, KeptCode, is_kept

Kind = Literal["models", "datasets"]
CODE_FOLDER = "code"  # in a sweep's folder and beside a saved model: a folder of kept code for each of them
FUNCTION: dict[Kind, str] = {"models": "build", "datasets": "load"}
USAGE: dict[Kind, str] = {
    "models": "def build(data, *, dropout=0.1)",
    "datasets": "def load(root)",
}
_FORM = "py:"
_NAME = re.compile(rf"{_FORM}(?P<typed>.+)@(?P<digest>[0-9a-f]{{16}})")
_held: dict[str, KeptCode] = {}
_folders: dict[str, Path] = {}


def is_own(name: str) -> bool:
    """Whether this is the name of a user's own code."""
    return _NAME.fullmatch(name) is not None


def name_of(kept: KeptCode) -> str:
    """The name that stands for this code."""
    return f"{_FORM}{kept.typed}@{kept.digest}"


def title(name: str) -> str:
    """A name for people and pairs: the file's, in lower-case letters, digits and _. See library_names for other names.

    >>> title("py:/home/me/My Model.py@0123456789abcdef"), title("resnet")
    ('my_model', 'resnet')
    """
    if not is_own(name):
        return library_names.title(name)
    file, _, function = _file_and_function(typed(name))
    stem = PurePath(file).parent.name if PurePath(file).name == "__init__.py" else PurePath(file).stem
    return slug(f"{stem}_{function}" if function else stem)


def typed(name: str) -> str:
    """What a user types for it: the path of the file. Other names are as they are."""
    found = _NAME.fullmatch(name)
    return found["typed"] if found else name


def shown(name: str) -> str:
    """The user's file in messages. Other names are as they are."""
    return kept_code(name).shown(kept_code(name).entry) if is_own(name) else name


def digest_of(name: str) -> str:
    """The digest of the code; empty for other names."""
    found = _NAME.fullmatch(name)
    return found["digest"] if found else ""


def place_of(name: str) -> str:
    """The name without the digest: where the code was."""
    return f"{_FORM}{typed(name)}" if is_own(name) else name


def resolve(kind: Kind, text: str, known: Iterable[str], formats: Iterable[str] = ()) -> str:
    """The name for what a user typed; the text itself where it means no code of theirs.

    Args:
        kind: what it must be.
        text: a file, a module, a name in ./models or ./datasets, which come before the `known` names, or a name of
            this function.
        known: the names of the catalog.
        formats: words that mean something else before a colon.

    Raises:
        TunerError: there is no such file or module, or it cannot be read.
    """
    if is_own(text):
        return text
    found = find_code(text.removeprefix(_FORM), list(formats)) or _in_folder(kind, text)
    if found is not None:
        return adopt(found.read())
    if text not in known and is_file(Path(f"{text}.py")):
        raise TunerError(f"unknown {kind.removesuffix('s')} '{text}': for your own file write {text}.py")
    return text


def found_in(kind: Kind) -> dict[str, str]:
    """A user's own models or datasets in the folder where one types: the first line of each docstring, by its name."""
    files = sorted(file for file in Path(kind).glob("*.py") if _in_folder(kind, file.stem))
    return {file.stem: _first_line(file) for file in files}


def found_here(kind: Kind, text: str) -> str:
    """The file that a plain name means in the folder where one types, such as ./models/net.py; empty for none."""
    return f"./{kind}/{text}.py" if _in_folder(kind, text) else ""


def space_here(pair: str) -> Path | None:
    """The search space of a pair in the folder where one types."""
    path = Path("search_spaces", f"{pair}.toml")
    return path if is_file(path) and not _is_catalog(path) else None


def adopt(kept: KeptCode) -> str:
    """Makes this code known in this process. Returns its name."""
    name = name_of(kept)
    _held.setdefault(name, kept)
    return name


def adopt_folder(folder: Path) -> None:
    """Makes the code known that a sweep's folder, or that of a saved model, has kept. It is read when it is needed."""
    for manifest in folder.glob(f"{CODE_FOLDER}/*/{MANIFEST}"):
        try:
            said = read_checked_json(manifest)
            kept = KeptCode(entry=said["entry"], function=said["function"], roots=tuple(said["roots"]), files={})
            name = f"{_FORM}{kept.typed}@{said['digest']}"
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue  # it is told when the code is needed
        if name not in _folders or not is_kept(_folders[name]):
            _folders[name] = manifest.parent


def keep_in(folder: Path, **names: str) -> None:
    """Writes the code behind those of the names that are a user's own into a new folder: `code/KEY` for each."""
    for key, name in names.items():
        if is_own(name):
            kept_code(name).save(folder / CODE_FOLDER / key)


def kept_code(name: str) -> KeptCode:
    """The code behind a name. Raises TunerError when it was not kept, or the copy is damaged."""
    if name not in _held:
        if name not in _folders:
            raise TunerError(f"the code of {title(name)} is missing: there is no copy of {typed(name)} as it was")
        kept = KeptCode.open(_folders[name])
        if name_of(kept) != name:
            raise TunerError(f"the copy of the code in {_folders[name]} is not that of {title(name)}")
        _held[name] = kept
    return _held[name]


def changes(names: Iterable[str]) -> list[str]:
    """What has become of the files behind these names since they were kept, in words; nothing where all is the same."""
    return [text for name in dict.fromkeys(names) if is_own(name) and (text := kept_code(name).changed())]


def module_of(kind: Kind, name: str) -> Any:
    """What a file of the catalog has, from a user's own: `build`, `TASKS`, `SPACE` and the like, or `load`.

    Errors in its functions have the user's file and line.

    Raises:
        TunerError: it cannot be imported, or lacks something.
    """
    return _module(kind, name)


@cache
def _module(kind: Kind, name: str) -> Any:
    kept = kept_code(name)
    function = function_of(kept, FUNCTION[kind], 1, USAGE[kind])
    module = {each: value for each, value in vars(load(kept)).items() if not each.startswith("__")}
    module["__doc__"] = load(kept).__doc__
    for other in ("pretrained", "note"):
        if callable(module.get(other)):
            module[other] = located(kept, module[other])
    made = SimpleNamespace(**{**module, FUNCTION[kind]: located(kept, function)})
    if kind == "models":
        _check_model(kept, made)
    return made


def located(kept: KeptCode, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose errors are a TunerError with the user's file and line. Lack of memory stays what it is."""

    @wraps(function)
    def called(*arguments: Any, **keywords: Any) -> Any:
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            if isinstance(error, MemoryError) or "memory" in str(error).lower():
                raise
            raise TunerError(kept.explain(error)) from error

    return called


def _check_model(kept: KeptCode, model: Any) -> None:
    place = kept.shown(kept.entry)
    tasks = getattr(model, "TASKS", None)
    if isinstance(tasks, str) or not tasks or set(tasks) - {"image", "tabular", "text"}:
        said = "has no TASKS" if tasks is None else f"TASKS = {tasks!r} is not understood"
        raise TunerError(f"{place} {said}: say which data it is for, such as TASKS = ('image', 'tabular', 'text')")
    model.TASKS = tuple(tasks)
    code = inspect.unwrap(model.build).__code__ if hasattr(inspect.unwrap(model.build), "__code__") else None
    line = f"{place}:{code.co_firstlineno}" if code else place
    for each in list(inspect.signature(model.build).parameters.values())[1:]:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            raise TunerError(f"{line}: build(**{each.name}): name each hyperparameter, such as dropout=0.1")


def _in_folder(kind: Kind, text: str) -> Any:
    if not text.isidentifier() or text.startswith("_") or _is_catalog(Path(kind, f"{text}.py")):
        return None
    return find_in_folder(text, kind, FUNCTION[kind])


def _first_line(file: Path) -> str:
    try:
        return (ast.get_docstring(ast.parse(file.read_bytes())) or "").split("\n", 1)[0]
    except (OSError, ValueError, SyntaxError) as error:
        return f"cannot be read: {one_line(error)}"


def _is_catalog(file: Path) -> bool:
    """Whether a file here is the catalog's own: one types in a clone of the project."""
    from importlib.resources import files  # noqa: PLC0415

    own = files(f"tuner.{file.parent.name}")
    return isinstance(own, Path) and own.resolve() == file.parent.resolve()


def _file_and_function(text: str) -> tuple[str, str, str]:
    return text.rpartition(":") if re.search(r"\.py:\w+$", text) else (text, "", "")
