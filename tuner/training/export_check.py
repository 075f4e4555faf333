"""Whether an exported model answers as the one that it was made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tuner.core.export_report import Check
from tuner.core.scores import Interval
from tuner.data.spec import DataSpec, Split
from tuner.training.answers import Answers, compare, score_of
from tuner.training.classifier import predict_logits
from tuner.training.decision import decide
from tuner.training.score_error import normal_quantile

MADE_UP = 64  # samples
_SEED = 0


@dataclass(frozen=True)
class _Said:
    """What a model says of samples."""

    values: NDArray[np.floating]
    """(samples, classes) probabilities, or (samples, 1) numbers in standard deviations of the target."""
    answers: Answers
    """(samples,) indices of classes, or numbers in the unit of the target."""


def check_answers(before: nn.Module, after: nn.Module, data: DataSpec, split: Split, name: str) -> Check:
    """Compares the model `before` with the exported one on a split of this `name`, whose true answers are known."""
    first, second = _said(before, data, split.inputs), _said(after, data, split.inputs)
    targets = split.targets.numpy()
    was, was_interval = score_of(targets, first.answers)
    now, now_interval = score_of(targets, second.answers)
    return Check(
        split=name,
        samples=len(targets),
        largest=_largest(first, second),
        changed=_changed(data, first, second),
        numbers=data.number is not None,
        score=data.kind.score,
        before=was,
        before_error=standard_error(was_interval),
        before_interval=was_interval,
        after=now,
        after_error=standard_error(now_interval),
        after_interval=now_interval,
        difference=compare(targets, second.answers, first.answers),
    )


def check_made_up(before: nn.Module, after: nn.Module, data: DataSpec) -> Check:
    """Compares their answers for samples that are drawn at random: there are no true ones."""
    inputs = made_up_samples(data)
    first, second = _said(before, data, inputs), _said(after, data, inputs)
    return Check(
        split="made-up",
        samples=len(inputs),
        largest=_largest(first, second),
        changed=_changed(data, first, second),
        numbers=data.number is not None,
    )


def made_up_samples(data: DataSpec, count: int = MADE_UP) -> Tensor:
    """(count, *data.shape) random pixels, words, or numbers with the mean and spread of the training split."""
    rng = torch.Generator().manual_seed(_SEED)
    if data.task == "image":
        return torch.randint(0, data.white + 1, (count, *data.shape), generator=rng, dtype=torch.uint8)
    if data.task == "text":
        return torch.randint(1, len(data.vocabulary) + 2, (count, *data.shape), generator=rng)
    mean, std = (torch.tensor(values, dtype=torch.float64) for values in (data.mean, data.std))
    return mean + std * torch.randn(count, *data.shape, generator=rng, dtype=torch.float64)


def standard_error(interval: Interval) -> float:
    """The standard error that an interval stands for. A share's own one would be 0 where all answers are right."""
    return (interval.high - interval.low) / 2 / normal_quantile()


def _said(model: nn.Module, data: DataSpec, inputs: Tensor) -> _Said:
    outputs = predict_logits(model, inputs)
    if data.number is not None:
        return _Said(outputs.double().numpy(), data.number.unscaled(outputs).numpy())
    probabilities = torch.softmax(outputs.double(), 1).numpy()
    return _Said(probabilities, decide(probabilities, data.threshold))


def _largest(first: _Said, second: _Said) -> float:
    return float(np.abs(first.values - second.values).max(initial=0.0))


def _changed(data: DataSpec, first: _Said, second: _Said) -> int:
    return int((first.answers != second.answers).sum()) if data.number is None else 0
