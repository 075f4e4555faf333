"""Finds the Python files that a user's file needs: those that it imports from beside it, and what these import.

Imports are read from the source, and nothing is run. What is installed is not followed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib.util import decode_source
from pathlib import Path, PurePosixPath

from tuner.core.errors import TunerError, one_line
from tuner.core.files import is_file

MOST_FILES, MOST_BYTES = 300, 3_000_000
_OURS = ("tuner", "torch", "torchvision", "numpy", "pandas", "scipy", "sklearn", "ray", "mlflow", "optuna", "PIL")
_INSTALLED = ("site-packages", "dist-packages")  # the names of the folders that packages are installed into


def is_local(name: str) -> bool:
    """Whether a file beside the user's may be meant by `import name`: the standard library and ours come first."""
    top = name.partition(".")[0]
    return top not in sys.stdlib_module_names and top not in _OURS


def roots_of(file: Path) -> tuple[Path, ...]:
    """Where the imports of a file are looked up: beside it (above the packages that it is in), then where one types.

    The current folder counts where the file is somewhere inside it.
    """
    beside = file.parent
    while is_file(beside / "__init__.py"):
        beside = beside.parent
    try:
        here = Path.cwd()
    except OSError:  # it was deleted
        return (beside,)
    return (beside, here) if beside != here and beside.is_relative_to(here) else (beside,)


def gather(file: Path, roots: Sequence[Path]) -> dict[str, bytes]:
    """The sources of a file and of all that it imports from `roots`, directly or not.

    Args:
        file: absolute, inside the first root.
        roots: absolute folders. See `roots_of`.

    Returns:
        For each file INDEX/PATH, where it is in which root, such as `0/layers/blocks.py`; the file itself is the first.

    Raises:
        TunerError: a file cannot be read, is not valid Python (with its line), or there are too many of them.
    """
    found: dict[str, bytes] = {}
    waiting = [(0, file)]
    own = top_name(PurePosixPath(file.relative_to(roots[0]).as_posix()))
    installed = roots[0].name in _INSTALLED
    while waiting:
        index, path = waiting.pop()
        inside = PurePosixPath(path.relative_to(roots[index]).as_posix())
        key = f"{index}/{inside}"
        if key in found:
            continue
        source = _read(path)
        found[key] = source
        _check_size(found, file)
        for name in _imported(_parse(source, path), inside):
            if not installed or name.partition(".")[0] == own:  # of other packages the environment has its own
                waiting += _locate(name, roots)
    return found


def top_name(inside: PurePosixPath) -> str:
    """The name by which a file, or the package that it is in, is imported."""
    return inside.parts[0].removesuffix(".py")


def shown(file: Path) -> str:
    """A file's path as a person types it: from the current folder, where it is inside it."""
    try:
        return str(file.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(file)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise TunerError(f"{shown(file)}: {error.strerror}") from None


def _parse(source: bytes, file: Path) -> ast.Module:
    try:
        return ast.parse(decode_source(source), str(file))
    except SyntaxError as error:
        place = f"{shown(file)}:{error.lineno}" if error.lineno else shown(file)
        raise TunerError(f"{place}: not valid Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # bytes that are no text, or brackets nested too deeply
        raise TunerError(f"{shown(file)}: not valid Python: {one_line(error)}") from None


def _check_size(found: dict[str, bytes], file: Path) -> None:
    size = sum(map(len, found.values()))
    if len(found) > MOST_FILES or size > MOST_BYTES:
        raise TunerError(
            f"{shown(file)} imports more than {MOST_FILES} files or {MOST_BYTES / 1e6:.0f} MB from its folder: that is "
            "too much to keep with a sweep: install what is large as a package"
        )


def _imported(tree: ast.Module, inside: PurePosixPath) -> Iterator[str]:
    """The modules, by their names from a root, that a file may import; PACKAGE.* for all that is in a package."""
    alone = "" if len(inside.parts) > 1 else top_name(inside)  # a file never imports itself: a package is meant then
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if _means_file(each.name, alone))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = inside.parent.parts
                up = node.level - 1
                if up > len(package):
                    continue  # the import fails, and says why
                base = ".".join([*package[: len(package) - up], *filter(None, [base])])
            elif not _means_file(base, alone):
                continue
            yield from filter(None, [base, *(f"{base}.{each.name}".lstrip(".") for each in node.names)])


def _means_file(name: str, alone: str) -> bool:
    return is_local(name) and name.partition(".")[0] != alone


def _locate(name: str, roots: Sequence[Path]) -> Iterator[tuple[int, Path]]:
    """The files of a module and of the packages around it, each from the first root that has it."""
    *packages, last = name.split(".")
    if last == "*":
        for index, root in enumerate(roots):
            yield from ((index, file) for file in sorted(root.joinpath(*packages).glob("*.py")) if packages)
        return
    for end in range(1, len(packages) + 2):
        yield from _first([*packages, last][:end], roots)


def _first(place: Sequence[str], roots: Sequence[Path]) -> Iterator[tuple[int, Path]]:
    for index, root in enumerate(roots):
        folder = root.joinpath(*place)
        file = next(filter(is_file, (folder / "__init__.py", folder.with_name(f"{folder.name}.py"))), None)
        if file:
            yield index, file
            return
