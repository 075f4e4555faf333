"""What a user may type for their own code.

FILE.py, FILE.py:FUNCTION, PACKAGE.MODULE:FUNCTION, or the name of a file in ./models or ./datasets.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tuner.core.errors import TunerError
from tuner.core.files import is_file
from tuner.core.kept_code import KeptCode, is_kept, read_code

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class CodeReference:
    """A user's file, and the function in it that was named."""

    file: Path
    function: str = ""
    """Empty where none was named."""

    def read(self) -> KeptCode:
        """The code: what it imports, too. A folder of `KeptCode.save` is read as it is. Raises TunerError."""
        return KeptCode.open(self.file) if is_kept(self.file) else read_code(self.file, self.function)


def find_code(text: str, formats: Collection[str] = ()) -> CodeReference | None:
    """The code that a text names by itself; None for a text of another form, such as a plain name.

    Args:
        text: as typed.
        formats: words that mean something else before a colon, such as `csv`.

    Raises:
        TunerError: it has the form, and there is no such file or module.
    """
    file, _, function = text.rpartition(":") if re.search(r"\.py:\w+$", text) else (text, "", "")
    if file.endswith(".py"):
        path = Path(file).expanduser().absolute()
        if not is_file(path):
            raise TunerError(f"{text}: there is no file {path}")
        return CodeReference(path, function)
    module, colon, function = text.partition(":")
    if colon and module not in formats and _DOTTED.fullmatch(module) and function.isidentifier():
        found = _file_of(module)
        if found is None and formats and "." not in module:
            return None  # a word that is no format is told as that
        if found is None:
            raise TunerError(f"{text}: there is no module {module} here ({Path.cwd()}), and none is installed")
        return CodeReference(found, function)
    return CodeReference(Path(text)) if is_kept(Path(text)) else None


def find_in_folder(name: str, folder: str, function: str) -> CodeReference | None:
    """The code of a name in a folder of the current one, such as `models`; None where no file there has the function.

    It is looked for without running the file.
    """
    path = Path(folder, f"{name}.py").absolute()
    if not name.isidentifier() or not is_file(path):
        return None
    return CodeReference(path) if defines(path, function) else None


def is_dataset(text: str) -> bool:
    """Whether a text names a file that loads data, and has no training function."""
    found = find_code(text)
    if found is None or found.function or is_kept(found.file):
        return False
    return defines(found.file, "load") and not defines(found.file, "train")


def defines(file: Path, name: str) -> bool:
    """Whether a file has a function, class or name of this kind at its top, found without running it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return True  # what is wrong with it is told when it is read
    return any(name in _names(node) for node in tree.body)


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.ImportFrom | ast.Import):
        return [each.asname or each.name for each in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [each.id for each in targets if isinstance(each, ast.Name)]


def _file_of(module: str) -> Path | None:
    """The file of a module, which is looked for here first, then among what is installed. Nothing is imported."""
    top, *rest = module.split(".")
    for place in (Path.cwd() / top, *_installed(top)):
        folder = place.joinpath(*rest)
        for file in (folder / "__init__.py", folder.with_name(f"{folder.name}.py")):
            if is_file(file):
                return file
    return None


def _installed(top: str) -> list[Path]:
    """Where an installed package or module lies, without the ending .py."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    places = spec.submodule_search_locations or ([spec.origin.removesuffix(".py")] if spec.origin else [])
    return [Path(each) for each in places]
