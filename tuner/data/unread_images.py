"""What a file is that has the name of an image and cannot be read, by what it begins with."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from tuner.data.tiff_tags import describe_tiff

_START = 140  # bytes at the beginning of a file
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PAGE = "a web page and not an image: fetch it again"
_HEIC = "HEIC, as phones write it: save it as JPEG"
_SIGNS = {
    **dict.fromkeys((b"ftyphei", b"ftypmif1", b"ftyphev", b"ftypmsf1"), _HEIC),
    **dict.fromkeys((b"ftypavif", b"ftypavis"), "AVIF, which may have more than 8 bits: save it as PNG or JPEG"),
    **dict.fromkeys((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), "JPEG 2000: save it as PNG, with 8 or 16 bits"),
    **dict.fromkeys((b"\0\0\0\x0cJXL ", b"\xff\x0a"), "JPEG XL: save it as PNG or JPEG"),
    b"git-lfs": "a pointer of Git LFS and not the image: git lfs pull fetches it",
    b"%PDF": "a PDF: save its pages as PNG",
    b"<svg": "an SVG: save it as PNG",
    b"<html": _PAGE,
    b"<!DOCTYPE html": _PAGE,
    b"<!doctype html": _PAGE,
    b"DICM": "DICOM: save it as PNG of 16 bits",
    b"8BPS": "a file of Photoshop: save it as PNG or JPEG",
}
_SHORT = 3  # bytes: a sign that is no longer counts at the very beginning alone


def describe(source: Path | bytes | bytearray | memoryview) -> str:
    """In a few words what it is, and what to do about it; "the file is empty" for nothing."""
    return recognise(source) or "not an image that can be read"


def recognise(source: Path | bytes | bytearray | memoryview) -> str:
    """As `describe`; "" where its content says nothing."""
    with source.open("rb") if isinstance(source, Path) else BytesIO(source) as file:
        start = file.read(_START)
        if start.startswith(_TIFF):
            return describe_tiff(file) or "a TIFF whose header is damaged"
    found = (
        what for sign, what in _SIGNS.items() if (start.startswith(sign) if len(sign) <= _SHORT else sign in start)
    )
    return next(found, "") if start else "the file is empty"
