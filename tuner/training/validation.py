"""Scores a saved model on a validation split: the one of its own sweep, or a later one of data that has changed."""

from __future__ import annotations

from pathlib import Path
from sys import float_info

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tuner.core.errors import TunerError, printable
from tuner.core.files import digest
from tuner.core.shorten import first_names
from tuner.core.validation import NumberValidation, Validation, ValidationScore
from tuner.data.encoding import to_inputs, to_raw
from tuner.data.spec import Column, DataSpec, NumberTarget, Splits, fingerprint
from tuner.data.times import Clock
from tuner.training.classifier import predict_logits
from tuner.training.device import best_device
from tuner.training.learnt import has_learnt
from tuner.training.number_error import has_learnt_numbers
from tuner.training.open_model import open_model
from tuner.training.targets.numbers import r2_of

_MOST_CLASSES = 8  # names in a message
_SHORT: Clock = "m:s"  # the only clock that reads 5:42 as other than hours and minutes


class UnfitError(TunerError):
    """Why a model cannot answer for these samples, in words that follow "it"."""


def score_validation(folder: Path, splits: Splits, *, seen: bool = False, chosen_of: int = 1) -> Validation:
    """The score of the model in `folder`, see `open_model` and `score_model`.

    Raises:
        UnfitError: it takes other samples, or gives other classes.
        TunerError: its files are missing or damaged.
    """
    return score_model(*open_model(folder), splits, seen=seen, chosen_of=chosen_of)


def score_model(
    model: nn.Module, data: DataSpec, splits: Splits, *, seen: bool = False, chosen_of: int = 1
) -> Validation:
    """The score of a model on the whole validation split. It is moved to the GPU if there is one.

    Args:
        model: the model, in evaluation mode.
        data: the data that it was made for.
        splits: the data, which need not be the data that the model was made for.
        seen: whether the model may have been trained on some of these samples.
        chosen_of: the model is the best of so many on these samples.

    Raises:
        UnfitError: it takes other samples, or gives other classes.
    """
    whole, new = splits.whole_validation, splits.spec
    problem = unfit(data, new)
    if problem:
        raise UnfitError(problem)
    device = best_device()
    inputs = _as_read_by(data, new, whole.inputs)
    outputs = predict_logits(model.to(device), inputs.to(device)).cpu().double()
    if data.number is not None:
        return _score_numbers(data.number, outputs, splits, seen=seen, chosen_of=chosen_of)
    logits = outputs[:, [data.classes.index(name) for name in new.classes]]
    targets, predicted = whole.targets, logits.argmax(1)
    label = int(torch.bincount(splits.train.targets, minlength=len(new.classes)).argmax())
    finite = bool(logits.isfinite().all())
    return ValidationScore(
        data=digest(fingerprint(whole), *new.classes),  # targets are numbers: renamed classes are other data
        accuracy=float((predicted == targets).double().mean()),
        loss=float(cross_entropy(logits, targets)) if finite else float_info.max,  # JSON has no infinity
        samples=len(targets),
        base_class=new.classes[label],
        base_accuracy=float((targets == label).double().mean()),
        better=finite and has_learnt(targets.numpy(), predicted.numpy(), label, chosen_of),
        seen=seen,
    )


def _score_numbers(
    number: NumberTarget, outputs: Tensor, splits: Splits, *, seen: bool, chosen_of: int
) -> NumberValidation:
    """The same of a model that says numbers, from its (samples, 1) outputs."""
    whole, base = splits.whole_validation, float(splits.train.targets.mean())
    targets, predicted = whole.targets.numpy(), number.unscaled(outputs).numpy()
    finite = bool(outputs.isfinite().all())
    squared = float(((predicted - targets) ** 2).mean()) if finite else float_info.max
    return NumberValidation(
        data=digest(fingerprint(whole)),
        r2=r2_of(squared, float(targets.var())),
        loss=squared / number.std**2,
        rmse=squared**0.5,
        samples=len(targets),
        base_number=base,
        base_rmse=float(((targets - base) ** 2).mean()) ** 0.5,
        better=finite and has_learnt_numbers(targets, predicted, base, chosen_of),
        seen=seen,
    )


def unfit(old: DataSpec, new: DataSpec) -> str:
    """Why a model of `old` cannot be scored on samples of `new`, in words that follow "it"; empty when it can."""
    if old.task != new.task:
        return f"takes {old.task} data"
    if old.kind is not new.kind:
        return "predicts numbers" if old.number else "predicts classes"
    if old.number and new.number and old.number.column.unit != new.number.column.unit:
        return f"predicts '{printable(old.number.name)}' in another unit"
    if set(old.classes) != set(new.classes):
        return f"has the classes {printable(first_names(old.classes, _MOST_CLASSES))}"
    return "" if old.task == "text" else _unfit_samples(old, new)


def _unfit_samples(old: DataSpec, new: DataSpec) -> str:
    if bool(old.columns) != bool(new.columns) or (not old.columns and old.shape != new.shape):
        return f"takes samples of {' x '.join(map(str, old.shape))}"
    if old.levels != new.levels:
        return "reads images of more than 8 bits in another range of values"
    if old.ground != new.ground:
        return "reads transparent images on another ground"
    there = {column.name: column for column in new.columns}
    problems = (_unfit_column(column, there.get(column.name)) for column in old.columns)
    return next(filter(None, problems), "")


def _unfit_column(old: Column, new: Column | None) -> str:
    name = printable(old.name)
    if new is None or new.kind != old.kind:
        return f"takes the column '{name}' as a {old.kind}"
    if old.unit != new.unit or (new.scaled and not old.scaled):
        return f"reads the column '{name}' in another unit"
    if (old.clock == _SHORT) != (new.clock == _SHORT):
        read = "minutes and seconds" if old.clock == _SHORT else "hours and minutes"
        return f"reads times such as 5:42 in the column '{name}' as {read}"
    return ""


def _as_read_by(old: DataSpec, new: DataSpec, inputs: Tensor) -> Tensor:
    """The samples as a model of `old` reads them: its categories and its vocabulary may be others."""
    if (old.columns, old.vocabulary, old.shape) == (new.columns, new.vocabulary, new.shape):
        return inputs
    return to_inputs(old, to_raw(new, inputs))
