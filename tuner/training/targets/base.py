"""The protocol of a kind of target."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from tuner.data.spec import Split
from tuner.training.distributed import Ranks
from tuner.training.hyperparameters import Hyperparameters


class Target(Protocol):
    """What the training loop asks of a target. All tensors are on the device of the training."""

    def encode(self, targets: Tensor) -> Tensor:
        """(samples,) targets of a split as the loss takes them."""

    def weights(self, targets: Tensor, hyperparameters: Hyperparameters) -> Tensor | None:
        """What `loss` is given with each batch, from the encoded targets of all training samples."""

    def loss(self, outputs: Tensor, targets: Tensor, weights: Tensor | None, label_smoothing: float) -> Tensor:
        """The mean loss of a batch: its (batch, outputs) and its (batch,) encoded targets."""

    def tally(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """What is summed up over a batch, a scalar, for `train_scores`."""

    def train_scores(self, total: float, samples: int, targets: Tensor) -> dict[str, float]:
        """The fields of EpochMetrics that the sum of all tallies gives, over so many samples.

        `targets` are the encoded ones of the training split.
        """

    def val_scores(self, model: nn.Module, split: Split, ranks: Ranks) -> dict[str, float]:
        """The fields of EpochMetrics that validation gives, with the targets as they are in the data."""
