"""A model that says numbers on the test split: its scores, and the predictions that a report shows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from tuner.core.files import write_atomic
from tuner.core.scores import NumberScores
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Split
from tuner.training.evaluation import DRAWN, WRONG, draw_samples
from tuner.training.number_error import better_than_number, score_numbers
from tuner.training.score_error import Floats
from tuner.training.targets.numbers import r2_of


def number_scores(targets: Floats, predicted: Floats, base: float | None = None) -> NumberScores:
    """Scores with their intervals, of (samples,) numbers in the unit of the target.

    With `base`, the mean of the training targets, also what the scores are when that is always said.
    """
    found = score_numbers(targets, predicted)
    mse = float(((predicted - targets) ** 2).mean())
    said = {} if base is None else _of_base(targets, base)
    return NumberScores(
        r2=found["r2"].value,
        rmse=found["rmse"].value,
        mae=found["mae"].value,
        mse=mse,
        samples=len(targets),
        r2_interval=found["r2"].interval,
        rmse_interval=found["rmse"].interval,
        mae_interval=found["mae"].interval,
        better_than_base=None if base is None else better_than_number(targets, predicted, base),
        **said,
    )


def _of_base(targets: Floats, base: float) -> dict[str, float]:
    errors = targets - base
    squared = float((errors**2).mean())
    return {
        "base_number": base,
        "base_r2": r2_of(squared, float(targets.var())),
        "base_rmse": squared**0.5,
        "base_mae": float(abs(errors).mean()),
    }


@dataclass(frozen=True, kw_only=True)
class NumberPredictions:
    """The predictions of one model for one test split; named as in `evaluation.Predictions`."""

    targets: Tensor
    """(samples,) float64, the true numbers."""
    predicted: Tensor
    """(samples,) float64."""
    drawn: Tensor
    """(at most DRAWN,) int64 indices of samples drawn at random, in their order."""
    wrong: Tensor
    """(at most WRONG,) int64 indices of the largest errors, the largest first; none of them is in `drawn`."""
    inputs: Tensor
    """(len(drawn) + len(wrong), *shape) raw samples of `drawn` and then of `wrong`."""

    @classmethod
    def of(cls, test: Split, predicted: Tensor) -> NumberPredictions:
        """The predictions, with samples chosen to show; all in main memory."""
        drawn = draw_samples(len(test.targets), DRAWN)
        errors = (predicted - test.targets).abs()
        errors[drawn] = -1
        order = errors.argsort(descending=True, stable=True)[: min(WRONG, len(errors) - len(drawn))]
        inputs = test.inputs[torch.cat([drawn, order])]
        return cls(targets=test.targets, predicted=predicted, drawn=drawn, wrong=order, inputs=inputs)

    def save(self, folder: Path) -> None:
        """Writes the file in `folder`."""
        tensors = {field.name: getattr(self, field.name).contiguous() for field in fields(self)}
        write_atomic(SweepFolder(folder).predictions, lambda file: file.write(save(tensors)))
