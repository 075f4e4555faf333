"""A target that is a number. A network learns it standardised, so that the loss does not depend on its unit."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from tuner.data.spec import NumberTarget, Split
from tuner.training.classifier import predict_logits
from tuner.training.device import autocast
from tuner.training.distributed import Ranks
from tuner.training.hyperparameters import Hyperparameters


class Numbers:
    """See Target. The loss is the mean squared error of the standardised target."""

    def __init__(self, number: NumberTarget) -> None:
        self._number = number

    def encode(self, targets: Tensor) -> Tensor:
        """With mean 0 and standard deviation 1."""
        return self._number.scaled(targets)

    def weights(self, targets: Tensor, hyperparameters: Hyperparameters) -> Tensor | None:  # noqa: ARG002
        """All samples count alike."""
        return None

    def loss(self, outputs: Tensor, targets: Tensor, weights: Tensor | None, label_smoothing: float) -> Tensor:  # noqa: ARG002
        """The mean squared error."""
        return functional.mse_loss(outputs[:, 0].float(), targets)

    def tally(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The sum of the squared errors."""
        return (outputs[:, 0].float() - targets).square().sum()

    def train_scores(self, total: float, samples: int, targets: Tensor) -> dict[str, float]:
        """R2, while the model was changing."""
        return {"train_r2": r2_of(total / samples, float(targets.double().var(correction=0)))}

    @torch.inference_mode()
    def val_scores(self, model: nn.Module, split: Split, ranks: Ranks) -> dict[str, float]:
        """The loss, R2, and errors in the unit of the target; in the precision of training."""
        part = ranks.part_of(split)
        with autocast(split.inputs.device):
            outputs = predict_logits(model, part.inputs).float()
        errors = outputs[:, 0].double() - (part.targets.double() - self._number.mean) / self._number.std
        squared, absolute = ranks.total(errors.square().sum(), errors.abs().sum())
        loss, samples, std = squared / len(split.targets), len(split.targets), self._number.std
        variance = float(split.targets.double().var(correction=0)) / std**2
        return {
            "val_loss": loss,
            "val_r2": r2_of(loss, variance),
            "val_rmse": sqrt(loss) * std,
            "val_mae": absolute / samples * std,
            "val_mse": loss * std**2,
        }


def r2_of(mean_squared_error: float, variance: float) -> float:
    """The share of the variance that is explained: 1 - MSE / variance. Of targets that are all the same, 0 or 1.

    >>> r2_of(0.25, 1.0), r2_of(2.0, 1.0), r2_of(0.0, 0.0), r2_of(0.1, 0.0)
    (0.75, -1.0, 1.0, 0.0)
    """
    if variance <= 0:
        return float(mean_squared_error == 0)
    return 1 - mean_squared_error / variance
