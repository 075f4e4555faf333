"""Reads images to predict, one a file, and notes which are of another size, shape or colour than in training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tuner.data.images import ENDINGS, image_shape, read_images
from tuner.data.spec import DataSpec
from tuner.training.sample_batches import Reading, Samples, as_file, named
from tuner.training.sample_files import SampleFile
from tuner.training.sample_notes import Note
from tuner.training.training_range import COLOUR, far_from_training, saturation

__all__ = ["ENDINGS", "read_image_files"]

FAR = 2  # times smaller, or longer for its width, than the model's images
SMALL = (3, 32, 32)  # as which an image is read to see whether it has colours


def read_image_files(reading: Reading, files: Sequence[SampleFile]) -> Iterator[Samples]:
    """Batches of the images that can be read."""
    for first in range(0, len(files), reading.batch):
        samples = _read(reading, files[first : first + reading.batch])
        if samples:
            yield samples


def _read(reading: Reading, files: Sequence[SampleFile]) -> Samples | None:
    data = reading.data
    with ExitStack() as stack:
        paths = [stack.enter_context(as_file(file.name)) for file in files]
        images, good, broken = read_images(paths, data.shape, data.white)
        bad = [index for index in range(len(files)) if index not in set(good)]
        for index, reason in zip(bad, broken, strict=True):
            reading.broken.append(named(reason, paths[index], files[index].name))
        if not good:
            return None
        kept = [paths[index] for index in good]
        shapes = [image_shape(path) for path in kept]
        coloured = _coloured(kept, shapes) if data.shape[0] == 1 else set()
    notes = [
        (*_size_notes(data, shape), *_colour_notes(position in coloured), *of_pixels)
        for position, (shape, of_pixels) in enumerate(zip(shapes, far_from_training(data, images), strict=True))
    ]
    return Samples([files[index].name for index in good], images, [files[index].truth for index in good], notes)


def _coloured(paths: Sequence[Path], shapes: Sequence[tuple[int, int, int] | None]) -> set[int]:
    """The positions of images with colours. Many that are grey are saved as red, green and blue, so pixels count."""
    candidates = [position for position, shape in enumerate(shapes) if shape is None or shape[0] == 3]
    images, good, _ = read_images([paths[position] for position in candidates], SMALL)
    if not good:
        return set()
    return {candidates[index] for index, value in zip(good, saturation(images) / 255, strict=True) if value > COLOUR}


def _size_notes(data: DataSpec, shape: tuple[int, int, int] | None) -> Iterator[Note]:
    if shape is None:
        return
    _, height, width = data.shape
    size = f"{shape[2]}x{shape[1]} pixels, the model's images have {width}x{height}"
    if FAR * shape[1] < height or FAR * shape[2] < width:
        yield Note("much smaller than the model's images", size)
    aspect = (shape[2] / shape[1]) / (width / height)
    if not 1 / FAR < aspect < FAR:
        cut = 1 - min(aspect, 1 / aspect)
        yield Note("of another shape than the model's images, so that much is cut off", f"{cut:.0%}, {size}")


def _colour_notes(coloured: bool) -> Iterator[Note]:
    if coloured:
        yield Note("in colour, where the model is for grey images", "its colours are not seen")
