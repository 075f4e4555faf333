"""A user's own code, kept: a file with all that it imports from beside it, as it was when it was given.

    kept = read_code(find_code("my_model.py"))    # nothing is run or written
    kept.save(folder / "code" / "model")          # a copy of the files, and code.json
    module = code_import.load(KeptCode.open(folder / "code" / "model"))

It holds the sources itself, so that it can be pickled, sent to another machine, and imported there without a folder.
What lies beside the file and is not imported (data, passwords) is not kept.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Self

from tuner.core.code_files import gather, roots_of, shown
from tuner.core.errors import TunerError, describe_disk_error, one_line
from tuner.core.files import digest, is_file, is_folder, read_checked_json, slug, write_atomic, write_checked_json

MANIFEST = "code.json"


@dataclass(frozen=True, kw_only=True)
class KeptCode:
    """A user's file and the local files that it imports."""

    entry: str
    """The key in `files` of the file that was given."""
    function: str
    """The function in it that was asked for, as in FILE:FUNCTION; empty where none was named."""
    roots: tuple[str, ...]
    """The folders that the files are from: absolute paths on the machine where they were read."""
    files: Mapping[str, bytes]
    """INDEX/PATH for each file, with the number of its root, and its bytes."""

    @property
    def name(self) -> str:
        """A name for people and for pairs: letters, digits and _."""
        path = PurePosixPath(self.entry)
        stem = path.parent.name if path.name == "__init__.py" else path.stem
        return slug(f"{stem}_{self.function}" if self.function else stem)

    @property
    def module(self) -> str:
        """The dotted name of the file from its root, such as `layers.blocks`."""
        inside = PurePosixPath(self.entry).relative_to("0")
        parts = inside.parent.parts if inside.name == "__init__.py" else inside.with_suffix("").parts
        return ".".join(parts)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that stand for the content, wherever it lies."""
        content = sorted((key, sha256(source).hexdigest()) for key, source in self.files.items())
        return digest(self.entry, self.function, *content)

    @property
    def package(self) -> str:
        """The name under which it is imported, together with its module: no other code has it."""
        return f"_own_code_{digest(self.digest, *self.roots)}"

    @property
    def origin(self) -> Path:
        """Where the file lay that was given."""
        return self.path_of(self.entry)

    @property
    def typed(self) -> str:
        """FILE or FILE:FUNCTION, to be typed again."""
        return f"{self.origin}:{self.function}" if self.function else str(self.origin)

    def path_of(self, key: str) -> Path:
        """Where one of its files lay."""
        index, _, inside = key.partition("/")
        return Path(self.roots[int(index)]) / inside

    def shown(self, key: str) -> str:
        """One of its files, for messages: its path as typed, or from its root where that is on another machine."""
        path = self.path_of(key)
        return shown(path) if path.exists() else key.partition("/")[2]

    def save(self, folder: Path) -> None:
        """Writes a copy of the files and `code.json` into a new folder. Raises TunerError when the disk refuses it."""
        try:
            for key, source in self.files.items():
                write_atomic(folder / key, lambda file, source=source: file.write(source))  # type: ignore[misc]
            said = {"entry": self.entry, "function": self.function, "roots": list(self.roots), "digest": self.digest}
            write_checked_json(folder / MANIFEST, said | {"files": list(self.files)})
        except OSError as error:
            raise TunerError(describe_disk_error(error)) from None

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Reads what `save` has written. Raises TunerError when it is missing, damaged or was changed."""
        try:
            raw = read_checked_json(folder / MANIFEST)
            files = {key: _inside(folder, key).read_bytes() for key in raw["files"]}
            kept = cls(entry=raw["entry"], function=raw["function"], roots=tuple(raw["roots"]), files=files)
            if kept.digest != raw["digest"] or kept.entry not in files:
                raise TunerError(f"the copy of the code in {folder} was changed: it is not what its sweep began with")
        except OSError as error:
            raise TunerError(f"cannot read the copy of the code in {folder}: {error.strerror}") from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, TunerError):
                raise
            raise TunerError(f"{folder / MANIFEST} is damaged: {type(error).__name__}: {one_line(error)}") from None
        return kept

    def changed(self) -> str:
        """What has become of the files since they were kept, in words after `the file`; empty if they are the same."""
        gone: list[str] = []
        other: list[str] = []
        for key, source in self.files.items():
            try:
                (other if self.path_of(key).read_bytes() != source else []).append(key)
            except OSError:
                gone.append(key)
        if other:
            return f"{', '.join(map(self.shown, other))} changed since"
        return f"{', '.join(map(self.shown, gone))} no longer there" if gone else ""

    def locate(self, error: BaseException) -> str:
        """FILE:LINE in this code where an error came from: the deepest one; empty if it came from elsewhere."""
        known = {str(self.path_of(key)): key for key in self.files}
        frames = traceback.extract_tb(error.__traceback__)
        if isinstance(error, SyntaxError) and error.filename in known:
            return f"{self.shown(known[error.filename])}:{error.lineno}"
        places = [f"{self.shown(known[each.filename])}:{each.lineno}" for each in frames if each.filename in known]
        return places[-1] if places else ""

    def explain(self, error: BaseException) -> str:
        """An error of this code in one line, with FILE:LINE."""
        place, reason = self.locate(error) or self.shown(self.entry), one_line(error).replace(f"{self.package}.", "")
        if isinstance(error, TunerError):
            return f"{place}: {reason}"
        line = f"{place}: {type(error).__name__}: {reason}"
        if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith(self.package):
            line += f": {self._mend(error.name.partition('.')[0])}"
        return line

    def _mend(self, module: str) -> str:
        """What to do about a module that is not found."""
        for root in map(Path, self.roots):
            if is_file(root / f"{module}.py") or is_folder(root / module):
                return "it is beside the file, but only what import statements name is kept"
        return f"install it, or put {module}.py beside the file"


def read_code(file: Path, function: str = "") -> KeptCode:
    """Reads a user's file and what it imports from beside it. Nothing is run or written.

    Raises:
        TunerError: a file is missing, is not valid Python (with its line), or there are too many.
    """
    absolute = file.expanduser().absolute()
    roots = roots_of(absolute)
    files = gather(absolute, roots)
    return KeptCode(
        entry=next(iter(files)), function=function, roots=tuple(map(str, roots)), files=dict(sorted(files.items()))
    )


def keep(file: Path, folder: Path, function: str = "") -> KeptCode:
    """Reads a user's file, see `read_code`, and writes the copy into a new folder."""
    kept = read_code(file, function)
    kept.save(folder)
    return kept


def is_kept(folder: Path) -> bool:
    """Whether this is a folder of `KeptCode.save`."""
    return is_file(folder / MANIFEST)


def _inside(folder: Path, key: str) -> Path:
    """The path of a file in the folder. Raises ValueError for one that leads out of it."""
    parts = PurePosixPath(key).parts
    if not parts[0].isdigit() or ".." in parts or PurePosixPath(key).is_absolute():
        raise ValueError(f"an impossible path {json.dumps(key)}")
    return folder.joinpath(*parts)
