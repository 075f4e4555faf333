"""What a file is that is not read, by its ending or by how it begins, and what to do about it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from tuner.data.image_files import read_header
from tuner.data.unread_images import recognise

TEXTS = (".txt", ".eml", ".html", ".htm", ".md", ".rst")
_NO_IMAGE = (*TEXTS, ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".py", ".ipynb", ".log")
_UNREAD = "not a format that is read"
_KINDS = (
    (f"{_UNREAD}: save them as PNG or JPEG", ".heic .heif .avif .jxl .tga .psd .xcf .ico .icns .pcx .svg .eps .pdf"),
    (f"{_UNREAD}: save them as PNG or JPEG", ".jp2 .j2k .jpx .jpf .nef .cr2 .cr3 .arw .dng .raf .orf .rw2 .exr .hdr"),
    (f"{_UNREAD}: save them as PNG of 16 bits", ".nii .mha .mhd .nrrd .czi .lif .nd2 .svs .fits .fit"),
    (f"DICOM: {_UNREAD}, save them as PNG of 16 bits", ".dcm .dicom .ima"),
    (f"{_UNREAD}: save each image in it as PNG", ".npy .npz .mat .h5 .hdf5 .pkl .pickle .tfrecord .tfrecords .lmdb"),
    (f"{_UNREAD}: save each image in it as PNG", ".mdb .rec .parquet .arrow"),
    (f"{_UNREAD}: unpack them", ".zip .tar .gz .tgz .bz2 .xz .7z .rar"),
    (f"{_UNREAD}: save frames of them as PNG or JPEG", ".mp4 .avi .mov .mkv .m4v .webm"),
)
_CURES = {ending: cure for cure, endings in _KINDS for ending in endings.split()}
_ZIP = b"PK\3\4"
_SHARD = re.compile(r"-\d{5}-of-\d{5}")  # train-00000-of-00008, a part of a TFRecord
_START = 512  # bytes


def why_unread(ending: str, example: Path) -> str:
    """Why files with an ending are not read, and what to do about it; `example` is one of them."""
    if ending in _NO_IMAGE:
        return "no image"
    return _CURES.get(ending) or _by_content(example) or (_UNREAD if ending else "no image")


def _by_content(path: Path) -> str:
    """What to do about a file whose ending says nothing; "" where its content says nothing either."""
    if _SHARD.search(path.name):
        return _CURES[".tfrecord"]
    if header := read_header(path):
        return f"read by the endings of images alone: name them {header.ending}"
    if _start(path).startswith(_ZIP):
        return _CURES[".zip"]
    with suppress(OSError):
        return recognise(path)
    return ""


def is_text(ending: str, example: Path) -> bool:
    """Whether files with an ending hold texts; `example` is one of them."""
    if ending:
        return ending in TEXTS
    start = _start(example)
    return bool(start) and b"\0" not in start


def _start(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        return file.read(_START)
    return b""
