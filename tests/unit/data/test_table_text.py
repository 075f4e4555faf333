"""Bytes to text: encodings and packed files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from tuner.core.errors import TunerError
from tuner.data.table_text import Lines, decode, unpack

PATH = Path("t.csv")
WORDS = "a,b\n1,café\n2,Müller\n"


def zipped(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_without_a_word(encoding: str) -> None:
    assert decode(PATH, WORDS.encode(encoding)) == (WORDS, [])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_recognised(encoding: str) -> None:
    assert decode(PATH, WORDS.encode(encoding)) == (WORDS, [f"the text is taken for {encoding.upper()}, by its zeros"])


@pytest.mark.parametrize(
    ("encoding", "text", "name", "word"),
    [
        ("latin-1", WORDS, "latin-1", "café"),
        ("cp1252", "a,b\n1,5 €\n2,Müller\u2019s\n", "Windows-1252", "€"),
    ],
)
def test_western_text_is_guessed_with_an_example(encoding: str, text: str, name: str, word: str) -> None:
    note = (
        f"the text is not UTF-8, and is read as {name}, such as '{word}' in line 2: if that is wrong, save it as UTF-8"
    )
    assert decode(PATH, text.encode(encoding)) == (text, [note])


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp437", "a,b\n1,café au lait\n2,Müller\n"),
        ("cp850", "a,b\n1,Jürgen\n"),
        ("mac_roman", "a,b\n1,café\n"),
        ("cp1251", "a,b\n1,Москва\n"),
        ("gbk", "a,b\n1,中文字\n"),
        ("shift_jis", "a,b\n1,東京タワー\n"),
    ],
)
def test_other_encodings_are_not_misread(encoding: str, text: str) -> None:
    with pytest.raises(TunerError, match=r"^t.csv, line 2: neither UTF-8 nor Windows-1252: save the table as UTF-8$"):
        decode(PATH, text.encode(encoding))


def test_a_broken_place_in_utf_8_does_not_make_it_another_encoding() -> None:
    with pytest.raises(
        TunerError, match=r"^t.csv, line 4: not UTF-8 text, as other places are: save the table as UTF-8$"
    ):
        decode(PATH, WORDS.encode() + b"3,caf\xe9\n")


def test_a_picture_is_no_text() -> None:
    with pytest.raises(TunerError, match=r"^t.csv, line 1: not "):
        decode(PATH, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)


def test_what_is_no_text_is_left_out_and_counted() -> None:
    text, notes = decode(PATH, b"a,b\r\n1,x\x00\x00\r\n\xef\xbb\xbf2,y\r\n\x1a")
    assert text == "a,b\r\n1,x\r\n2,y\r\n"
    assert notes == [
        "2 zero bytes within the text left out, the first in line 2",
        "1 byte order mark within the text left out, the first in line 3",
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda text: zipped(a=text.decode())])
def test_packed_files_are_unpacked(pack: object) -> None:
    assert callable(pack)
    assert unpack(PATH, pack(b"a,b\n")) == b"a,b\n"
    assert unpack(PATH, b"a,b\n") == b"a,b\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            gzip.compress(b"a,b\n" * 99, mtime=0)[:-9],
            "the gzip file is damaged, or has a password: Compressed file ended before",
        ),
        (
            zipped(a="1", b="2"),
            "the archive has 2 files, such as 'a' and 'b': unpack it, and give the file or the folder",
        ),
        (
            gzip.compress(bytes(70_000_000), mtime=0),
            "it becomes more than 67 MB when it is unpacked: if that is right, unpack it",
        ),
    ],
)
def test_what_cannot_be_unpacked_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(TunerError, match=f"^t.csv: {reason}"):
        unpack(PATH, content)


def test_what_macos_adds_to_an_archive_does_not_count() -> None:
    assert unpack(PATH, zipped(**{"t.csv": "a", "__MACOSX/._t.csv": "x", ".DS_Store": "x"})) == b"a"


def test_lines_end_with_cr_lf_or_both() -> None:
    lines = Lines("a\r\nb\rc\n\nd")
    assert list(lines) == ["a\r\n", "b\r", "c\n", "\n", "d"]
    assert (lines.number, lines.position) == (5, 9)
