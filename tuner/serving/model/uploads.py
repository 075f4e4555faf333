"""Files, texts and rows that are sent to /predict become samples, as `tuner predict` reads them from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from tuner.core.errors import TunerError, one_line, printable
from tuner.core.shorten import shorten
from tuner.data.image_files import pixels_of
from tuner.data.spec import DataSpec
from tuner.data.table_formats import PACKED, PARQUET
from tuner.serving.model.encode import check_count
from tuner.serving.model.settings import Settings
from tuner.serving.refusal import RefusedError
from tuner.training.sample_batches import Samples
from tuner.training.samples import SampleReader

LONGEST_NAME = 100
FORM, TEXT, CSV = "multipart/form-data", "text/plain", "text/csv"
TABLES = (".csv", ".tsv")
MOST_FIELDS = 1000


@dataclass(frozen=True)
class Upload:
    """A file that was sent."""

    name: str
    content: bytes
    table: bool = False
    """Whether it is a table, by its name or type."""


@dataclass
class Read:
    """The samples of a request."""

    batches: list[Samples] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """A line for each file, line or row that cannot be read."""
    notes: list[str] = field(default_factory=list)


async def take(request: Request, kind: str, settings: Settings) -> tuple[list[Upload], list[str]]:
    """The files and texts of a request: of a form, or its body as one file.

    Raises:
        RefusedError: it is of no type that is read.
    """
    if kind == FORM:
        return await _of_form(request, settings)
    if kind == CSV:
        return [Upload("rows.csv", await request.body(), table=True)], []
    if kind == TEXT:
        return [Upload("texts.txt", await request.body())], []
    if kind.startswith("image/"):
        return [Upload("image", await request.body())], []
    raise RefusedError(415, f"Content-Type {kind or 'is missing'}: send {FORM} with files, image/*, {TEXT} or {CSV}")


async def _of_form(request: Request, settings: Settings) -> tuple[list[Upload], list[str]]:
    try:
        async with request.form(
            max_files=settings.most_samples, max_fields=MOST_FIELDS, max_part_size=settings.most_bytes
        ) as form:
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            texts = [value for name, value in form.multi_items() if isinstance(value, str) and name == "text"]
            return [await _upload(file) for file in files], [text for text in texts if text.strip()]
    except MultiPartException as error:
        raise RefusedError(400, f"the form cannot be read: {error.message}") from None
    except (ValueError, KeyError, TypeError, LookupError) as error:
        if isinstance(error, RefusedError):
            raise
        raise RefusedError(400, f"the form cannot be read: {one_line(error)}") from None


async def _upload(file: UploadFile) -> Upload:
    name = shorten(printable(PurePath(file.filename or "file").name), LONGEST_NAME) or "file"
    kind = (file.content_type or "").partition(";")[0].strip().lower()
    return Upload(name, await file.read(), table=kind == CSV or name.lower().endswith(TABLES))


def read(data: DataSpec, uploads: Sequence[Upload], texts: Sequence[str], settings: Settings) -> Read:
    """The samples, read in this thread.

    Raises:
        RefusedError: none of it can be read, or it is too much.
    """
    _check(data, uploads, texts, settings)
    with TemporaryDirectory(prefix="tuner-serve-") as scratch:
        names = _write(data, uploads, Path(scratch))
        try:
            return _read(SampleReader(data, list(names), texts), names, settings)
        except RefusedError:
            raise
        except TunerError as error:
            raise RefusedError(400, _named(str(error), names)) from None
        except Exception as error:  # what libraries raise for contents that nobody has thought of
            raise RefusedError(400, f"this cannot be read: {_named(one_line(error), names)}") from None


def _check(data: DataSpec, uploads: Sequence[Upload], texts: Sequence[str], settings: Settings) -> None:
    if not uploads and not texts:
        raise RefusedError(400, f"nothing was sent: this model takes {_WANTED[data.task]}")
    if texts and data.task != "text":
        raise RefusedError(400, f"this model takes {_WANTED[data.task]}, not texts")
    check_count(len(texts) + len(uploads), settings)
    if data.task == "image":
        pixels = sum(pixels_of(upload.content) for upload in uploads)
        if pixels > settings.most_pixels:
            raise RefusedError(413, f"{pixels:,} pixels: the limit is {settings.most_pixels:,} in a request")
        return
    for upload in uploads:
        if upload.content.startswith((PARQUET, *PACKED)):
            raise RefusedError(415, f"{upload.name}: packed files are not read here: send it as plain text or CSV")


_WANTED = {"image": "image files", "text": "texts: fields called text, or files of one text a line", "tabular": "CSV"}


def _write(data: DataSpec, uploads: Sequence[Upload], folder: Path) -> dict[str, str]:
    """Writes the files under names of our own. Returns the name of each by its path."""
    names = {}
    for number, upload in enumerate(uploads):
        ending = ".csv" if data.task == "tabular" or (data.task == "text" and upload.table) else ".txt"
        path = folder / f"{number}{'' if data.task == 'image' else ending}"
        path.write_bytes(upload.content)
        names[str(path)] = upload.name
    return names


def _read(reader: SampleReader, names: dict[str, str], settings: Settings) -> Read:
    found = Read()
    count = 0
    for samples in reader:
        count += len(samples.names)
        check_count(count, settings)
        found.batches.append(
            Samples([_named(name, names) for name in samples.names], samples.inputs, samples.truths, samples.notes)
        )
    found.left_out = [_named(line, names) for line in reader.broken]
    found.notes = [_named(line, names) for line in reader.notes()]
    return found


def _named(text: str, names: dict[str, str]) -> str:
    """A text with the names of the files that were sent in place of their paths here; the longest paths first."""
    for path in sorted(names, key=len, reverse=True):
        text = text.replace(path, names[path])
    return text
