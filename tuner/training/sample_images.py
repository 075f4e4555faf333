"""Reads images to predict, one a file, and notes which are of another size, shape or colour than in training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tuner.data.image_files import ENDINGS, Header, read_header
from tuner.data.image_sizes import size_findings
from tuner.data.images import read_images
from tuner.data.pixels import Change
from tuner.data.spec import DataSpec
from tuner.training.sample_batches import Reading, Samples, as_file, named
from tuner.training.sample_files import SampleFile
from tuner.training.sample_notes import Note
from tuner.training.training_range import COLOUR, far_from_training, saturation

IN_COLOUR = Note("in colour, where the model is for grey images")
SMALL = (3, 32, 32)  # as which an image is read to see whether it has colours


def is_image(path: Path) -> bool:
    """Whether a file of a folder is one, by its name."""
    return path.suffix.lower() in ENDINGS


def read_image_files(reading: Reading, files: Sequence[SampleFile]) -> Iterator[Samples]:
    """Batches of the images that can be read."""
    for first in range(0, len(files), reading.batch):
        samples = _read(reading, files[first : first + reading.batch])
        if samples:
            yield samples


def _read(reading: Reading, files: Sequence[SampleFile]) -> Samples | None:
    data = reading.data
    changes: dict[int, list[Change]] = {}
    with ExitStack() as stack:
        paths = [stack.enter_context(as_file(file.name)) for file in files]
        images, good, broken = read_images(
            paths,
            data.shape,
            data.white,
            data.levels,
            lambda index, change: changes.setdefault(index, []).append(change),
            data.ground,
        )
        bad = sorted(set(range(len(files))) - set(good))
        for index, reason in zip(bad, broken, strict=True):
            reading.broken.append(named(reason, paths[index], files[index].name))
        if not good:
            return None
        headers = [read_header(path) for path in paths]
        coloured = _coloured(data, paths, headers) if data.shape[0] == 1 else set()
    usual = {Change.SCALED} if data.levels else set()
    notes = [
        (
            *(Note(change.value) for change in sorted(changes.get(index, ())) if change not in usual),
            *_size_notes(data, headers[index]),
            *((IN_COLOUR,) if index in coloured else ()),
            *of_pixels,
        )
        for index, of_pixels in zip(good, far_from_training(data, images), strict=True)
    ]
    return Samples([files[index].name for index in good], images, [files[index].truth for index in good], notes)


def _coloured(data: DataSpec, paths: Sequence[Path], headers: Sequence[Header | None]) -> set[int]:
    """The indices of images with colours. Many that are grey are saved as red, green and blue, so pixels count."""
    candidates = [index for index, header in enumerate(headers) if header is not None and header.channels == 3]
    images, good, _ = read_images([paths[index] for index in candidates], SMALL, levels=data.levels, ground=data.ground)
    if not good:
        return set()
    return {candidates[index] for index, value in zip(good, saturation(images) / 255, strict=True) if value > COLOUR}


def _size_notes(data: DataSpec, header: Header | None) -> list[Note]:
    return [Note(*found) for found in size_findings(header, data.shape)] if header else []
