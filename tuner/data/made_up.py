"""Small made-up datasets, one for each task: what a model is tried on where no data is given."""

from __future__ import annotations

import torch
from torch import Tensor

from tuner.data.spec import DataSpec, Split, Splits, Task, moments

SAMPLES = 96
_CLASSES = ("a", "b", "c")
_WORDS = 40


def made_up_splits(task: Task) -> Splits:
    """A dataset of three classes that a model can learn: images 3x32x32, tables of 8 numbers, texts of 24 words."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(SAMPLES) % len(_CLASSES)
    if task == "image":
        noise = torch.randint(0, 100, (SAMPLES, 3, 32, 32), generator=generator)
        return _splits(task, (noise + 70 * targets.reshape(-1, 1, 1, 1)).to(torch.uint8), targets)
    if task == "tabular":
        return _splits(task, torch.randn(SAMPLES, 8, generator=generator) + targets.reshape(-1, 1), targets)
    words = torch.randint(2, 2 + _WORDS // 3, (SAMPLES, 24), generator=generator) + 13 * targets.reshape(-1, 1)
    words[:, 16:] = 0
    return _splits(task, words, targets)


def _splits(task: Task, inputs: Tensor, targets: Tensor) -> Splits:
    third = SAMPLES // 3
    parts = [Split(inputs[i : i + third], targets[i : i + third]) for i in range(0, SAMPLES, third)]
    mean, std = ((), ()) if task == "text" else moments(parts[0].inputs)
    vocabulary = tuple(f"word{n}" for n in range(_WORDS)) if task == "text" else ()
    spec = DataSpec(
        name=f"made_up_{task}",
        task=task,
        shape=tuple(inputs.shape[1:]),
        classes=_CLASSES,
        mean=mean,
        std=std,
        vocabulary=vocabulary,
    )
    train, validation, test = parts
    return Splits(spec, train, validation, test)
