"""The bytes of a file of rows become text: unpacked, and decoded from the encodings that programs write."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from tuner.core.errors import TunerError, one_line
from tuner.core.units import counted, format_number
from tuner.data.table_formats import PACKED

FREELY = 64 << 20  # bytes: what any packed file may become
MOST_RATIO = 100  # and above that: text is rarely packed to a hundredth
MOST_BYTES = 2 << 30

_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
_WORD = re.compile(r"\w*[^\x00-\x7f]\w*")
# How other encodings look as Windows-1252: a sign within a word or a capital at its end (MS-DOS and old Macs), or four
# letters with accents in a row (Russian, Chinese).
_SIGNS = "\u201a\u201e\u2020\u2021\u02c6\xa1\xa2\xa3\xa4"
_LETTERS = "\xc0-\xd6\xd8-\xf6\xf8-\xff\u0160\u0161\u017d\u017e\u0152\u0153\u0178"
_OTHER_CODE = re.compile(f"[a-z](?:[{_SIGNS}][a-z]|[\u017d\u0160\u0178])|[{_LETTERS}]{{4}}")
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x19\x1c-\x1f]")
_OPEN: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}  # type: ignore[dict-item]


def read_bytes(path: Path) -> bytes:
    """All of a file. Raises TunerError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TunerError(f"{path}: {error.strerror}") from None


def unpack(path: Path, content: bytes) -> bytes:
    """The content, unpacked if it is gzip, bzip2, xz, or a zip archive of one file.

    Raises:
        TunerError: it is damaged, has several files, or becomes too large for the memory.
    """
    kind = next((kind for begin, kind in PACKED.items() if content.startswith(begin)), None)
    if kind is None:
        return content
    most = min(MOST_BYTES, max(FREELY, MOST_RATIO * len(content)))
    packed = io.BytesIO(content)
    try:
        unpacked = _only_file(path, packed, most) if kind == "zip" else _OPEN[kind](packed).read(most + 1)
    except (OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise TunerError(f"{path}: the {kind} file is damaged, or has a password: {one_line(error)}") from None
    if len(unpacked) > most:
        size = format_number(most, "B")
        raise TunerError(f"{path}: it becomes more than {size} when it is unpacked: if that is right, unpack it first")
    return unpacked


def _only_file(path: Path, packed: io.BytesIO, most: int) -> bytes:
    with zipfile.ZipFile(packed) as archive:
        files = [each for each in archive.namelist() if not each.endswith("/") and not _hidden(each)]
        if len(files) != 1:
            what = f"{len(files)} files, such as '{files[0]}' and '{files[1]}'" if files else "no file"
            raise TunerError(f"{path}: the archive has {what}: unpack it, and give the file or the folder")
        with archive.open(files[0]) as opened:
            return opened.read(most + 1)


def _hidden(name: str) -> bool:
    """What macOS adds to archives."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def decode(path: Path, content: bytes) -> tuple[str, list[str]]:
    """The text of a file, and notes of what was guessed or left out.

    UTF-8, or UTF-16 and UTF-32 with their mark or recognisable by their zeros; what is none of them is taken for
    Windows-1252, of which latin-1 is a part, where that is plausible.

    Raises:
        TunerError: it is no text, or its encoding is not clear.
    """
    encoding, mark = _encoding(content)
    notes = []
    try:
        text = content[mark:].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise TunerError(f"{path}: not {encoding.upper()} text to its end: save the table as UTF-8") from None
        text, note = _western(path, content[mark:], error.start)
        notes.append(note)
    if not mark and encoding != "utf-8":
        notes.append(f"the text is taken for {encoding.upper()}, by its zeros")
    text = text.removesuffix("\x1a")  # the end of a file of MS-DOS
    for character, name in (("\x00", "zero byte"), ("\ufeff", "byte order mark")):
        if count := text.count(character):
            line = line_of(text, text.index(character))
            notes.append(f"{counted(count, name)} within the text left out, the first in line {line}")
            text = text.replace(character, "")
    return text, notes


def line_of(text: str, position: int) -> int:
    """The number of the line of a position in the text; lines end with CR, LF or both."""
    return 1 + sum(1 for _ in re.finditer("\r\n?|\n", text[:position]))


class Lines(Iterator[str]):
    """The lines of a text with their ends, from where one likes; nothing is copied ahead."""

    _line = re.compile("[^\r\n]*(?:\r\n|\r|\n|$)")

    def __init__(self, text: str) -> None:
        self.text = text
        self._old = re.search("\r(?!\n)", text) is not None  # lines end with CR alone, as on old Macs
        self.position = 0
        self.number = 0
        """Of the line that was given last, from 1."""

    def __next__(self) -> str:
        begin = self.position
        if begin >= len(self.text):
            raise StopIteration
        match = self._line.match(self.text, begin) if self._old else None
        end = match.end() if match else self.text.find("\n", begin) + 1
        self.position = end or len(self.text)
        self.number += 1
        return self.text[begin : self.position]


def _encoding(content: bytes) -> tuple[str, int]:
    """The encoding by the mark at the beginning, or by zeros, and how long the mark is."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding, len(mark)
    head = content[:4000]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) / 5 and min(even, odd) < len(head) / 50:
        return ("utf-16-le" if odd > even else "utf-16-be"), 0
    return "utf-8", 0


def _western(path: Path, content: bytes, broken: int) -> tuple[str, str]:
    """Text that is not UTF-8, as Windows-1252, and a note with an example."""
    line = len(re.findall(rb"\r\n?|\n", content[:broken])) + 1
    good = len(_UTF8.findall(content))
    if 2 * good >= len(_HIGH.findall(_UTF8.sub(b"", content))):
        rest = "as other places are" if good else "nor any other text"
        raise TunerError(f"{path}, line {line}: not UTF-8 text, {rest}: save the table as UTF-8")
    if len(_CONTROL.findall(content)) + content.count(0) > len(content) / 100:
        raise TunerError(f"{path}, line {line}: not a text file, nor another format of tables that is read")
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        raise TunerError(f"{path}, line {line}: neither UTF-8 nor Windows-1252: save the table as UTF-8") from None
    other = _OTHER_CODE.search(text)
    if other:
        line = line_of(text, other.start())
        raise TunerError(f"{path}, line {line}: neither UTF-8 nor Windows-1252: save the table as UTF-8")
    name = "Windows-1252" if re.search(rb"[\x80-\x9f]", content) else "latin-1"
    word = _WORD.search(text)
    example = f", such as '{word.group()[:40]}' in line {line}" if word else ""
    return text, f"the text is not UTF-8, and is read as {name}{example}: if that is wrong, save it as UTF-8"
