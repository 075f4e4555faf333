"""The files that the command of a program names: kept with a sweep, and sent along with it to a cluster."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from tuner.core.code_files import gather, roots_of
from tuner.core.errors import TunerError
from tuner.core.files import is_file, is_folder
from tuner.core.kept_code import KeptCode

MOST_BYTES = 10_000_000  # of all files: they go to each worker with its trials


def read_script_files(command: str, here: Path) -> KeptCode | None:
    """The files inside the folder `here` that a command names, as it is run there; None when it names none.

    Files of Python come with what they import from beside them: those named by their path, and by `-m MODULE`. Files
    that would make it more than 10 MB are left out, see `unsent`.
    """
    found: dict[str, bytes] = {}
    for file in _named(command, here):
        for path, source in _with_imports(file):
            key = f"0/{path.relative_to(here).as_posix()}"
            if sum(map(len, found.values())) + len(source) <= MOST_BYTES:
                found.setdefault(key, source)
    if not found:
        return None
    return KeptCode(entry=next(iter(found)), function="", roots=(str(here),), files=found)


def unsent(command: str, kept: KeptCode | None, here: Path) -> list[str]:
    """The words of a command that name a file or a folder of `here` which is not kept."""
    keys = set(kept.files) if kept else set()
    return [word for word, path in _paths(command, here) if f"0/{path.relative_to(here).as_posix()}" not in keys]


def unpack_files(kept: KeptCode, folder: Path) -> None:
    """Writes the files into a folder, as they lay in the one that they were read from."""
    for key, source in kept.files.items():
        file = folder / PurePosixPath(key).relative_to("0")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source)
        file.chmod(0o755)  # one may be the program itself


def _named(command: str, here: Path) -> Iterator[Path]:
    yield from (path for _, path in _paths(command, here) if is_file(path))
    words = _words(command)
    for option, name in itertools.pairwise(words):
        if option == "-m" and name.replace(".", "").isidentifier():
            module = here.joinpath(*name.split("."))
            yield from filter(is_file, (module / "__main__.py", module.with_name(f"{module.name}.py")))


def _paths(command: str, here: Path) -> Iterator[tuple[str, Path]]:
    """The words, and what follows a `=` in a word, that name something inside `here`."""
    for word in _words(command):
        for text in (word, word.partition("=")[2]):
            path = Path(text)
            if not text or "{" in text or path.is_absolute() or ".." in path.parts or path == Path():
                continue
            if is_file(here / path) or is_folder(here / path):
                yield word, here / path


def _words(command: str) -> list[str]:
    with suppress(ValueError):  # an open quote: check_command says so
        return shlex.split(command)
    return []


def _with_imports(file: Path) -> Iterator[tuple[Path, bytes]]:
    """A file and its bytes, and those of the files that it imports, if it is one of Python."""
    if file.suffix == ".py":
        roots = roots_of(file)
        with suppress(TunerError):  # not valid Python for this interpreter: the program may have another one
            yield from ((_path(key, roots), source) for key, source in gather(file, roots).items())
            return
    if file.stat().st_size <= MOST_BYTES:
        yield file, file.read_bytes()


def _path(key: str, roots: tuple[Path, ...]) -> Path:
    index, _, inside = key.partition("/")
    return roots[int(index)] / inside
