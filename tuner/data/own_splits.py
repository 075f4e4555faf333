"""Checks of what a user's own `load` gives: each mistake is one line with what is expected."""

from __future__ import annotations

from typing import Any

import torch

from tuner.core.errors import TunerError, check_name, unknown
from tuner.data.augmentation import AUGMENTATIONS
from tuner.data.spec import DataSpec, Split, Splits
from tuner.data.texts import FIRST

_DIMENSIONS = {"image": 3, "tabular": 1, "text": 1}
_FORM = {"image": "(channels, height, width)", "tabular": "(features,)", "text": "(words,)"}
_PARTS = ("train", "validation", "test")


def check_splits(splits: Any, file: str) -> Splits:
    """The splits, if they are what training needs. Raises TunerError with the user's `file`."""
    if not isinstance(splits, Splits):
        raise TunerError(f"{file}: load gives {type(splits).__name__}: return tuner.data.spec.Splits(spec, train, ...)")
    try:
        _check_spec(splits.spec)
        for part in _PARTS:
            _check_split(part, getattr(splits, part), splits.spec)
        _check_groups(splits)
    except TunerError as error:
        raise TunerError(f"{file}: {error}") from None
    return splits


def _check_spec(spec: Any) -> None:
    if not isinstance(spec, DataSpec):
        raise TunerError(f"spec is {type(spec).__name__}: give a tuner.data.spec.DataSpec")
    if spec.task not in _DIMENSIONS:
        raise TunerError(f"task is {spec.task!r}: choose one of {', '.join(_DIMENSIONS)}")
    if len(spec.shape) != _DIMENSIONS[spec.task] or not all(type(size) is int and size > 0 for size in spec.shape):
        raise TunerError(f"shape is {spec.shape!r}: for {spec.task} data it is {_FORM[spec.task]}")
    if not isinstance(spec.classes, tuple) or len(set(spec.classes)) != len(spec.classes) or len(spec.classes) < 2:
        raise TunerError("classes must be a tuple of two or more different names")
    for name in spec.classes:
        if not isinstance(name, str):
            raise TunerError(f"classes holds {name!r}: class names are texts")
        check_name(name, "the class")
    channels = 0 if spec.task == "text" else spec.shape[0]
    for what, values in (("mean", spec.mean), ("std", spec.std)):
        if not isinstance(values, tuple) or len(values) != channels:
            given = f"{len(values)} numbers" if isinstance(values, tuple | list) else type(values).__name__
            each = "nothing for texts: ()" if spec.task == "text" else f"a tuple of {channels}, one for each channel"
            raise TunerError(f"{what} has {given}: it must be {each}; tuner.data.spec.moments gives both")
    if not all(value > 0 for value in spec.std):
        raise TunerError("std must be above 0 everywhere")
    for name in spec.augment:
        if spec.task != "image":
            raise TunerError(f"augment is for images: leave {name} out")
        if name not in AUGMENTATIONS:
            raise unknown("augmentation", name, AUGMENTATIONS)


def _check_split(part: str, split: Any, spec: DataSpec) -> None:
    if not isinstance(split, Split) or not all(isinstance(each, torch.Tensor) for each in split):
        raise TunerError(f"{part} must be a tuner.data.spec.Split of two tensors: inputs and targets")
    inputs, targets = split
    if inputs.ndim == 0 or tuple(inputs.shape[1:]) != spec.shape or len(inputs) == 0:
        raise TunerError(
            f"{part}.inputs has the shape {tuple(inputs.shape)}: it must be (samples, {_sizes(spec)}), with a sample"
        )
    if inputs.device.type != "cpu" or targets.device.type != "cpu":
        raise TunerError(f"{part} must be on the CPU: trials put it on their device")
    if spec.task == "text" and inputs.dtype not in (torch.int64, torch.int32, torch.int16, torch.uint8):
        raise TunerError(f"{part}.inputs is {inputs.dtype}: texts are whole numbers, 0 for padding")
    if spec.task == "text":
        _check_tokens(part, inputs, spec)
    if inputs.is_floating_point() and not inputs.isfinite().all():
        raise TunerError(f"{part}.inputs has NaN or infinity: fill in what is missing")
    if targets.dtype != torch.int64 or targets.shape != inputs.shape[:1]:
        shape = tuple(targets.shape)
        raise TunerError(f"{part}.targets is {targets.dtype} {shape}: it must be int64 with one class for each sample")
    low, high = int(targets.min()), int(targets.max())
    if low < 0 or high >= len(spec.classes):
        raise TunerError(f"{part}.targets goes from {low} to {high}: there are {len(spec.classes)} classes, from 0")


def _check_groups(splits: Splits) -> None:
    groups, samples = splits.groups, len(splits.train.targets) + len(splits.validation.targets)
    if groups is not None and (groups.dtype != torch.int64 or tuple(groups.shape) != (samples,)):
        given = f"{groups.dtype} {tuple(groups.shape)}"
        raise TunerError(f"groups is {given}: it must be int64, one for each of {samples} train and validation samples")


def _check_tokens(part: str, inputs: torch.Tensor, spec: DataSpec) -> None:
    """A model has a vector for each word of the vocabulary; those of the catalog fail at any other token."""
    low, high, most = int(inputs.min()), int(inputs.max()), len(spec.vocabulary) + FIRST - 1
    if low < 0 or high > most:
        words = len(spec.vocabulary)
        raise TunerError(
            f"{part}.inputs goes from {low} to {high}: tokens are 0 to {most} with the {words:,} words of vocabulary, "
            f"the first of which is {FIRST}"
        )


def _sizes(spec: DataSpec) -> str:
    return ", ".join(map(str, spec.shape))
