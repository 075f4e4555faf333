"""What the training split held, kept with the model, and which samples to predict lie far outside of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.data.spec import DataSpec
from tuner.data.texts import UNKNOWN, lengths
from tuner.training.sample_notes import MOST_NAMED, Note

Ranges = tuple[tuple[float, float], ...]
CHUNK = 1 << 22  # values that are examined at a time
TAIL = 0.005  # of the training images at either end is left out: a few may be blank or broken themselves
MARGIN = 0.1  # of the range of a feature: values that are this close to it are not far
WIDE_MARGIN = 0.25  # of the range of the brightness, which leaves out its tails
FAR = 2  # times more or less contrast
TINY = 1e-6  # relative: float32 has 7 digits
GREY = 0.004  # the mean difference between the channels of an image up to which it counts as grey; white is 1
COLOUR = 0.02  # ... and from which it counts as coloured


def training_range(data: DataSpec, inputs: Tensor) -> Ranges:
    """The least and greatest value in the training split of each feature; of images and texts, of each measure.

    Args:
        data: what the samples are.
        inputs: (samples, *data.shape) of the training split.
    """
    if data.task == "tabular":
        least, greatest = inputs.double().aminmax(dim=0)
        return tuple(zip(least.tolist(), greatest.tolist(), strict=True))
    values = _measures(data, inputs)
    ends = np.quantile(values, (TAIL, 1 - TAIL), axis=0) if data.task == "image" else (values.min(0), values.max(0))
    return tuple((float(least), float(greatest)) for least, greatest in zip(*ends, strict=True))


def far_from_training(data: DataSpec, inputs: Tensor) -> list[tuple[Note, ...]]:
    """Notes on each of (samples, *data.shape) raw samples.

    A model of an earlier version does not know what its training held: then there are none, except for texts.
    """
    if data.task == "text":
        return [_text_notes(data, *values) for values in _measures(data, inputs)]
    if not data.training_range:
        return [()] * len(inputs)
    if data.task == "image":
        return [_image_notes(data, values) for values in _measures(data, inputs)]
    return _row_notes(data, inputs)


def saturation(images: Tensor) -> NDArray[np.float64]:
    """(samples,) the mean difference between the channels of (samples, channels, height, width) images."""
    return (images.amax(1).double() - images.amin(1).double()).mean((1, 2)).numpy()


def _measures(data: DataSpec, inputs: Tensor) -> NDArray[np.float64]:
    """(samples, measures): of images brightness, contrast and saturation, where white is 1; of texts unknown words."""
    measure = _of_images if data.task == "image" else _of_texts
    chunks = torch.split(inputs, max(1, CHUNK // math.prod(data.shape)))
    return np.concatenate([measure(chunk) / (data.white if data.task == "image" else 1) for chunk in chunks])


def _of_images(images: Tensor) -> NDArray[np.float64]:
    grey = images.double().mean(1).flatten(1)
    return np.stack([grey.mean(1).numpy(), grey.std(1, correction=0).numpy(), saturation(images)], axis=1)


def _of_texts(tokens: Tensor) -> NDArray[np.float64]:
    return ((tokens == UNKNOWN).sum(1) / lengths(tokens)).double().numpy()[:, None]


def _image_notes(data: DataSpec, values: NDArray[np.float64]) -> tuple[Note, ...]:
    brightness, contrast, colours = values
    notes = []
    (darkest, brightest), (flattest, sharpest), (greyest, _) = data.training_range
    margin = WIDE_MARGIN * (brightest - darkest) + TINY
    if not darkest - margin <= brightness <= brightest + margin:
        swapped = darkest <= 1 - brightness <= brightest
        kind = f"{'darker' if brightness < darkest else 'brighter'} than in training"
        kind += ", as if black and white were swapped" if swapped else ""
        notes.append(Note(kind, f"brightness {brightness:.0%}, in training {darkest:.0%} to {brightest:.0%}"))
    # contrast has a natural zero, which only a blank image comes near to
    if contrast < flattest / FAR or contrast > sharpest * FAR:
        kind = f"{'less' if contrast < flattest else 'more'} contrast than in training"
        notes.append(Note(kind, f"{contrast:.1%}, in training {flattest:.1%} to {sharpest:.1%}"))
    if data.shape[0] == 3 and colours <= GREY and greyest > COLOUR:
        notes.append(Note("grey, where training had colours", "its channels are alike"))
    return tuple(notes)


def _text_notes(data: DataSpec, unknown: float) -> tuple[Note, ...]:
    most = max([0.5, *(greatest for _, greatest in data.training_range)])
    if unknown <= most:
        return ()
    return (Note("most words are unknown to the model", f"{unknown:.0%} of its words"),)


def _row_notes(data: DataSpec, inputs: Tensor) -> list[tuple[Note, ...]]:
    least, greatest = np.array(data.training_range).T
    margin = MARGIN * (greatest - least) + TINY * np.maximum(abs(least), abs(greatest))
    values = inputs.double().numpy()
    names = _feature_names(data)
    outside = (values < least - margin) | (values > greatest + margin)
    notes: list[tuple[Note, ...]] = []
    for row, beyond in zip(values, outside, strict=True):
        found = np.flatnonzero(beyond)
        if not len(found):
            notes.append(())
            continue
        first = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        detail = f"{names[first]} is {row[first]:.7g}, in training {least[first]:.7g} to {greatest[first]:.7g}{more}"
        named = tuple(names[index] for index in found[:MOST_NAMED])
        notes.append((Note("a number far outside of what training held", detail, named),))
    return notes


def _feature_names(data: DataSpec) -> Sequence[str]:
    if not data.columns:
        return [f"feature {number}" for number in range(1, data.shape[0] + 1)]
    return [f"'{column.name}'" for column in data.columns for _ in range(column.width)]
