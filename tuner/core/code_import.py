"""Imports a user's own code from its kept sources, without a folder and without touching `sys.path`.

Each piece of code is a package of its own, `_own_code_DIGEST`, so that two files of one name do not mix. What the user
has written as `import layers` or `from .layers import Block` means the kept `layers` there, and nowhere else: an
`__import__` of their own, in the modules' builtins, sees to that. `__file__` is where the file lay, so that data beside
it is found as long as it is there, and tracebacks name the user's file.
"""

from __future__ import annotations

import builtins
import linecache
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import decode_source
from inspect import Parameter, signature
from pathlib import PurePosixPath
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tuner.core.code_files import is_local, top_name
from tuner.core.errors import TunerError
from tuner.core.kept_code import KeptCode

_known: dict[str, KeptCode] = {}  # by the name of its package


def load(kept: KeptCode) -> ModuleType:
    """The module of a user's file; the same one for each call in this process.

    Raises:
        TunerError: importing it fails. The message has the file and the line.
    """
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
    _known.setdefault(kept.package, kept)
    try:
        return import_module(f"{kept.package}.{kept.module}")
    except SystemExit as error:
        place = kept.locate(error) or kept.shown(kept.entry)
        raise TunerError(
            f"{place}: it ends Python when it is imported: put what is to run alone under if __name__ == '__main__':"
        ) from error
    except Exception as error:
        raise TunerError(kept.explain(error)) from error


def function_of(kept: KeptCode, default: str, given: int, usage: str) -> Callable[..., Any]:
    """The function of a user's file: the one that was named, else `default`.

    Args:
        kept: the file.
        default: the function's name by the agreement, such as `build`.
        given: how many arguments it gets by position.
        usage: how it is written, for messages, such as `def build(data, *, dropout=0.1)`.

    Raises:
        TunerError: the file cannot be imported, has no such function, or it takes other arguments.
    """
    module, name = load(kept), kept.function or default
    found = getattr(module, name, None)
    if not callable(found):
        raise TunerError(f"{kept.shown(kept.entry)} has no function {name}: write {usage}{_others(kept, module)}")
    try:
        signature(found).bind(*[None] * given)
    except TypeError:
        rest = list(signature(found).parameters.values())[given:]
        more = next((each.name for each in rest if each.default is Parameter.empty), "")
        mend = f"give {more} a default value" if more else f"write {usage}"
        raise TunerError(f"{_place(kept, found)}: {name}{signature(found)} takes other arguments: {mend}") from None
    except ValueError:  # a callable without a signature, such as one in C
        return found  # type: ignore[no-any-return]
    return found  # type: ignore[no-any-return]


def keywords_of(function: Callable[..., Any], given: int) -> dict[str, Any]:
    """The keyword arguments of a function beyond the `given` first ones, with their defaults."""
    rest = list(signature(function).parameters.values())[given:]
    return {
        each.name: each.default
        for each in rest
        if each.kind in (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    }


def _place(kept: KeptCode, function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    keys = {str(kept.path_of(key)): key for key in kept.files}
    if code is None or code.co_filename not in keys:
        return kept.shown(kept.entry)
    return f"{kept.shown(keys[code.co_filename])}:{code.co_firstlineno}"


def _others(kept: KeptCode, module: ModuleType) -> str:
    """The functions that the file has, and how to name one of them."""
    own = [
        name
        for name, each in vars(module).items()
        if isinstance(each, FunctionType) and each.__module__ == module.__name__
    ]
    if not own:
        return ""
    return f", or name another of its functions, such as {kept.shown(kept.entry)}:{own[0]}"


class _Finder(MetaPathFinder):
    """Finds the modules of all kept code in this process."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        top, _, inside = fullname.partition(".")
        kept = _known.get(top)
        if kept is None:
            return None
        key = _key(kept, inside)
        if inside and key is None and not _is_folder(kept, inside):
            return None
        is_package = key is None or key.endswith("/__init__.py")
        origin = str(kept.path_of(key)) if key else None
        return ModuleSpec(fullname, _Loader(kept, key), origin=origin, is_package=is_package)


_FINDER = _Finder()


class _Loader(InspectLoader):
    """Runs one kept file; `key` is None for a folder without `__init__.py`, and for the package of all files."""

    def __init__(self, kept: KeptCode, key: str | None) -> None:
        self._kept = kept
        self._key = key

    def is_package(self, fullname: str) -> bool:
        del fullname
        return self._key is None or self._key.endswith("/__init__.py")

    def get_source(self, fullname: str) -> str:
        del fullname
        return decode_source(self._kept.files[self._key]) if self._key else ""

    def get_code(self, fullname: str) -> CodeType:
        origin = str(self._kept.path_of(self._key)) if self._key else "<own code>"
        return compile(self.get_source(fullname), origin, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        if self._key is None:
            return
        code, source = self.get_code(module.__name__), self.get_source(module.__name__)
        module.__file__ = code.co_filename
        # tracebacks show the lines of the copy, also when the file has changed
        linecache.cache[code.co_filename] = (len(source), None, source.splitlines(keepends=True), code.co_filename)
        own = "" if "/" in self._key.partition("/")[2] else module.__name__.rpartition(".")[2]
        tops = {top_name(each) for each in map(_inside, self._kept.files)} - {own}
        finds = partial(_import, self._kept.package, frozenset(filter(is_local, tops)))
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": finds}
        exec(code, module.__dict__)


def _inside(key: str) -> PurePosixPath:
    return PurePosixPath(key.partition("/")[2])


def _key(kept: KeptCode, inside: str) -> str | None:
    """The kept file of a module, by its dotted name; None if there is none."""
    place = inside.replace(".", "/")
    for index in range(len(kept.roots)):
        for key in (f"{index}/{place}/__init__.py", f"{index}/{place}.py"):
            if key in kept.files:
                return key
    return None


def _is_folder(kept: KeptCode, inside: str) -> bool:
    """Whether there are kept files inside a folder without `__init__.py`."""
    place = PurePosixPath(inside.replace(".", "/"))
    return any(place in _inside(key).parents for key in kept.files)


def _import(
    package: str,
    local: frozenset[str],
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """Python's `__import__` for a kept module: names of `local` are those of its own package."""
    top = name.partition(".")[0]
    if level or top not in local:
        return builtins.__import__(name, globals, locals, fromlist or (), level)
    found = builtins.__import__(f"{package}.{name}", globals, locals, fromlist or (), 0)
    return found if fromlist else sys.modules[f"{package}.{top}"]
