"""`tuner predict`: classes and probabilities of images, lines of text or rows of a table, from files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.data.encoding import to_inputs
from tuner.data.spec import DataSpec
from tuner.data.texts import MOST_BYTES
from tuner.training.classifier import Classifier, predict_logits

STDIN = "-"


@dataclass(frozen=True)
class Samples:
    """What was read from the files."""

    names: list[str]
    """FILE for an image, FILE:LINE for a text or a row."""
    inputs: Tensor
    """(samples, *data.shape)."""
    broken: list[str]
    """A line for each file that could not be read."""


@dataclass(frozen=True)
class Prediction:
    """The model's answer for one sample."""

    sample: str
    probabilities: dict[str, float]
    """By class, the most probable first."""

    @property
    def best(self) -> tuple[str, float]:
        """The class, and its probability."""
        return next(iter(self.probabilities.items()))

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        name, probability = self.best
        return {
            "sample": self.sample,
            "class": name,
            "probability": probability,
            "probabilities": self.probabilities,
        }


def read_samples(data: DataSpec, files: Sequence[str]) -> Samples:
    """Reads images, one a file; or texts, one a line (`-` is standard input); or rows of CSV files.

    Raises:
        TunerError: a text or table cannot be read, or none of the images can.
    """
    if not files:
        raise TunerError("name at least one file")
    if data.task == "image":
        return _images(data, files)
    if data.task == "text":
        return _texts(data, files)
    return _rows(data, files)


def predict(model: Classifier, data: DataSpec, samples: Samples) -> list[Prediction]:
    """A prediction for each sample, in their order."""
    probabilities: NDArray[np.float32] = torch.softmax(predict_logits(model, samples.inputs), 1).numpy()
    predictions = []
    for name, row in zip(samples.names, probabilities, strict=True):
        order = np.argsort(-row, kind="stable")
        predictions.append(Prediction(name, {data.classes[i]: float(row[i]) for i in order}))
    return predictions


def _images(data: DataSpec, files: Sequence[str]) -> Samples:
    from tuner.data.images import read_images  # noqa: PLC0415 - Pillow is needed for images alone

    images, good, broken = read_images([Path(file) for file in files], data.shape, data.white, data.levels)
    if not good:
        raise TunerError(broken[0])
    return Samples([files[index] for index in good], images, broken)


def _texts(data: DataSpec, files: Sequence[str]) -> Samples:
    names, texts = [], []
    for file in files:
        for number, line in _lines(file):
            names.append(f"{file}:{number}")
            texts.append(line)
    if not texts:
        raise TunerError(f"{', '.join(files)}: there is no text: write one sample per line")
    return Samples(names, to_inputs(data, texts), [])


def _lines(file: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    number = 0
    try:
        with nullcontext(sys.stdin.buffer) if file == STDIN else Path(file).open("rb") as opened:
            while line := opened.readline(MOST_BYTES + 1):
                number += 1
                if len(line) > MOST_BYTES:
                    raise TunerError(f"{file}, line {number}: more than {MOST_BYTES:,} bytes: write one sample a line")
                if text := line.decode("utf-8").strip():
                    yield number, text
    except OSError as error:
        raise TunerError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TunerError(f"{file}, line {number}: not UTF-8 text") from None


def _rows(data: DataSpec, files: Sequence[str]) -> Samples:
    from tuner.data.columns import encode_rows  # noqa: PLC0415
    from tuner.data.tables import read_table  # noqa: PLC0415

    if not data.columns:
        raise TunerError(f"the model of {data.name} does not know the names of its columns: train it again")
    names, parts = [], []
    for file in files:
        frame, _, bad = read_table(Path(file), columns=[column.name for column in data.columns])
        if bad:
            raise TunerError(f"{file}, {bad[0]}")
        parts.append(encode_rows(frame, data.columns, file))
        names += [f"{file}:{line}" for line in frame.index]
    return Samples(names, torch.cat(parts), [])
