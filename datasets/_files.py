"""Dataset files: atomic downloads, and one-line errors for files that are missing or unusable."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from hashlib import md5
from http.client import HTTPException
from pathlib import Path
from tarfile import TarError
from tempfile import TemporaryDirectory

from tuner.core.environment import download_timeout
from tuner.core.errors import TunerError, one_line


class NotDownloadedError(Exception):
    """No url served the file; the message says why."""


def fetch(path: Path, urls: Iterable[str], digest: str) -> None:
    """Makes sure that `path` is there with the md5 `digest`, from the first url that serves it.

    The file is created by a rename, so an interrupted download leaves nothing that a later run would trust.

    Raises:
        NotDownloadedError: the file is missing, and no url served it.
        TunerError: the file has another md5, and no url served a better one.
    """
    if path.is_file() and md5_of(path) == digest:
        return
    reasons = []
    for url in urls:
        try:
            _download(path, url, digest)
            return
        except (OSError, RuntimeError, HTTPException) as error:
            reasons.append(one_line(error))
    why = "; ".join(dict.fromkeys(reasons))
    if path.is_file():
        raise unusable(path, f"its md5 is {md5_of(path)} instead of {digest}, and a new download failed: {why}")
    raise NotDownloadedError(why)


def missing(name: str, root: Path, files: str, reason: Exception) -> TunerError:
    """The error for a dataset that is not in `root` and could not be downloaded; `files` says what to put where."""
    return TunerError(
        f"{name} is not in {root} and could not be downloaded ({one_line(reason)}): "
        f"put {files}, or name another folder with TUNER_DATA"
    )


def unusable(path: Path, reason: str) -> TunerError:
    """The error for a file that is there and broken."""
    return TunerError(f"cannot use {path} ({reason}): replace it, or delete it to have it downloaded again")


def unpack(archive: Path, folder: Path) -> None:
    """Extracts the folder with this name from an archive. It is created by a rename: complete or not at all.

    Raises:
        TunerError: the archive is broken, has no such folder, or would write elsewhere.
    """
    from torchvision.datasets.utils import extract_archive  # noqa: PLC0415 - takes seconds, and only a download needs it

    try:
        with TemporaryDirectory(dir=folder.parent, prefix=".unpack-") as unpacked:
            extract_archive(str(archive), unpacked)
            Path(unpacked, folder.name).replace(folder)
    except (OSError, EOFError, TarError, zlib.error) as error:
        raise unusable(archive, one_line(error)) from None


def md5_of(path: Path) -> str:
    """The md5 of a file, to compare with torchvision's. It detects broken files but not attacks."""
    digest = md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _download(path: Path, url: str, digest: str) -> None:
    from torchvision.datasets.utils import download_url  # noqa: PLC0415 - as above

    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=".download-") as folder, download_timeout():
        download_url(url, folder, path.name, digest)  # shows its progress on stderr
        Path(folder, path.name).replace(path)
