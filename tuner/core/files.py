"""Folders, atomic writes and small JSON files with a checksum."""

from __future__ import annotations

import json
import os
import re
import tempfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from unicodedata import combining, normalize

from tuner.core.errors import TunerError, find_disk_error


def tuner_home() -> Path:
    """The folder of all sweeps and the embedded MLflow store: TUNER_HOME, by default `runs` in the current folder."""
    home = _folder("TUNER_HOME", Path("runs"))
    if set(str(home)) & set("?%#"):
        raise TunerError(f"TUNER_HOME {home}: choose a folder without ?, % and # in its path")
    return home


def slug(text: str) -> str:
    """A name for files and tables: lower-case letters, digits and _.

    Where letters of other alphabets are lost, six digits stand for the whole text, so that two texts differ.

    >>> slug("My Photos (2)"), slug("Größe")
    ('my_photos_2', 'gro_e_d353a2')
    """
    lower = normalize("NFC", text.lower())
    plain = plain_slug("".join(filter(_is_base, normalize("NFD", lower))))
    lost = any(sign.isalnum() for sign in lower if not sign.isascii())
    return f"{plain}_{digest(lower)[:6]}" if lost else plain


def plain_slug(text: str) -> str:
    """A name of lower-case ASCII letters, digits and _, as earlier versions made it: other letters are lost."""
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_") or "data"


def _is_base(sign: str) -> bool:
    """Whether it is no accent that stands over a letter."""
    return not combining(sign)


def pictures() -> Path:
    """The folder of pictures that belong to no sweep."""
    return tuner_home() / "pictures"


def data_root() -> Path:
    """The folder of the data sets: TUNER_DATA, by default a per-user cache folder."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - the catalog needs no library

    return _folder("TUNER_DATA", user_cache_path("tuner"))


def _folder(variable: str, otherwise: Path) -> Path:
    """The folder that a variable names. Raises TunerError for a path that is impossible or not UTF-8."""
    folder = Path(os.environ.get(variable) or otherwise).absolute()
    try:
        folder.exists()
        str(folder).encode()
    except (OSError, UnicodeEncodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not UTF-8"
        raise TunerError(f"{variable} {folder}: {reason}") from None
    return folder


def is_folder(path: Path) -> bool:
    """Whether the path is a folder; False for an impossible path, such as a very long one."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether the path is a file; False for an impossible path, as in `is_folder`."""
    try:
        return path.is_file()
    except OSError:
        return False


def digest(*parts: object) -> str:
    """16 hexadecimal digits that stand for the texts of these parts."""
    return sha256("\n".join(map(str, parts)).encode(errors="surrogateescape")).hexdigest()[:16]


def file_state(file: Path) -> tuple[str, int, int]:
    """Path, bytes and time of change in ns: differs when the file has changed. -1 for a file that is missing."""
    try:
        stat = file.stat()
    except OSError:
        return str(file), -1, -1
    return str(file), stat.st_size, stat.st_mtime_ns


def make_folder(folder: Path) -> Path:
    """Creates a folder with its parents. Raises TunerError if that is not possible or the folder is not writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise TunerError(f"cannot write to the folder {folder}: {error.strerror}") from None


def write_atomic(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Calls `write` with a temporary file, flushes the file to the disk and renames it to `path`.

    Raises:
        OSError: the disk refuses it; the error names `path`, which is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except Exception as error:
        refused = find_disk_error(error)
        if refused is None:
            raise
        raise OSError(refused.errno, refused.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


CHECKSUM_KEY = "checksum"


def write_checked_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes the content with the key `checksum` as its last, completely or not at all."""
    text = json.dumps({**content, CHECKSUM_KEY: _checksum(content)}, indent=2) + "\n"
    write_atomic(path, lambda file: file.write(text.encode()))


def read_checked_json(path: Path) -> dict[str, Any]:
    """The content. A file without a checksum (from an earlier version, or edited by hand) is accepted.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    if content.pop(CHECKSUM_KEY, None) not in (None, _checksum(content)):
        raise ValueError(f"its {CHECKSUM_KEY} is wrong (if you have edited the file yourself, remove that line)")
    return content


def _checksum(content: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(content).encode()):08x}"
