"""What a model answers, and how good that is, whichever kind of target it has: classes or numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from tuner.core.scores import Difference, Interval, NumberScores, TestScores
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import DataSpec, Split
from tuner.training.evaluation import Predictions, score_logits
from tuner.training.number_error import (
    Bounded,
    compare_number_samples,
    compare_numbers,
    paired_number_error,
    score_numbers,
)
from tuner.training.number_scores import NumberPredictions, number_scores
from tuner.training.score_error import Floats, Ints, compare_predicted, compare_samples, paired_error, wilson

Answers = Ints | Floats
AnyPredictions = Predictions | NumberPredictions


def decoded(data: DataSpec, outputs: Tensor) -> Tensor:
    """(samples,) what a model says, from its (samples, outputs): indices of classes, or numbers in their own unit."""
    return outputs.argmax(1) if data.number is None else data.number.unscaled(outputs)


def score_outputs(
    data: DataSpec, outputs: Tensor, targets: Tensor, trained: Tensor | None = None
) -> TestScores | NumberScores:
    """Scores on a split with these targets.

    With the targets that the model was trained on, also what the scores are without a model.
    """
    if data.number is not None:
        base = None if trained is None else float(trained.mean())
        return number_scores(targets.numpy(), data.number.unscaled(outputs).numpy(), base)
    if trained is None:
        return score_logits(outputs, targets, threshold=data.threshold)
    counts = torch.bincount(trained, minlength=len(data.classes))
    return score_logits(outputs, targets, counts, data.classes, data.threshold)


def predictions_of(data: DataSpec, test: Split, outputs: Tensor) -> AnyPredictions:
    """What a report shows of them; all in main memory."""
    if data.number is not None:
        return NumberPredictions.of(test, data.number.unscaled(outputs))
    return Predictions.of(test, outputs, data.threshold)


def load_predictions(folder: Path) -> AnyPredictions:
    """Reads the file of either in the folder of a sweep."""
    tensors = load_file(SweepFolder(folder).predictions)
    return Predictions(**tensors) if "probabilities" in tensors else NumberPredictions(**tensors)


def compare(targets: Answers, first: Answers, second: Answers) -> Difference:
    """How much better the first of two models is, from their (samples,) answers for the same samples."""
    if targets.dtype.kind == "f":
        return compare_numbers(*_floats(targets, first, second))
    return compare_predicted(*_ints(targets, first, second))


def score_of(targets: Answers, predicted: Answers) -> tuple[float, Interval]:
    """The accuracy or R2 of (samples,) answers, and its interval."""
    if targets.dtype.kind == "f":
        found = score_numbers(targets.astype(np.float64), predicted.astype(np.float64))["r2"]
        return found.value, found.interval
    right = int((predicted == targets).sum())
    return right / len(targets), wilson(right, len(targets))


def error_of(targets: Answers, first: Answers, second: Answers) -> float:
    """The standard error of the difference that `compare` gives."""
    if targets.dtype.kind == "f":
        return paired_number_error(*_floats(targets, first, second))
    return paired_error(*_ints(targets, first, second))


def _floats(targets: Answers, first: Answers, second: Answers) -> tuple[Floats, Floats, Floats]:
    return targets.astype(np.float64), first.astype(np.float64), second.astype(np.float64)


def _ints(targets: Answers, first: Answers, second: Answers) -> tuple[Ints, Ints, Ints]:
    return targets.astype(np.int64), first.astype(np.int64), second.astype(np.int64)


def promised_too_much(scores: TestScores | NumberScores, val_score: float, samples: int) -> Difference | None:
    """By how much a score on so many validation samples is above that on the test split; None where it is not known.

    The error of an R2 of validation is taken from that of the test split, for as many samples as there are.
    """
    if scores.samples is None:
        return None
    if isinstance(scores, TestScores):
        tested = scores.samples
        return compare_samples(val_score * samples, samples, scores.accuracy * tested, tested)
    interval = scores.r2_interval
    if interval is None:
        return None
    wider = (scores.samples / samples) ** 0.5
    low, high = val_score + wider * (interval.low - scores.r2), val_score + wider * (interval.high - scores.r2)
    validated = Bounded(val_score, Interval(low, high))
    return compare_number_samples(validated, Bounded(scores.r2, interval), scores.samples)
