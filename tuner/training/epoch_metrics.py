"""What an epoch of a training came to."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """The results of one epoch."""

    epoch: int
    """Counted from 1."""
    train_loss: float
    """Mean loss over the epoch's batches while the model was changing: cross-entropy in nats, with class weights if
    any; or the squared error of the standardised target."""
    val_loss: float
    """The same over the validation split after the epoch, without label smoothing and weights."""
    lr: float
    """Learning rate of the epoch's last step."""
    epoch_seconds: float
    """Wall-clock time of training and validation."""
    train_accuracy: float | None = None
    """Share of augmented training samples classified correctly, 0 to 1; of one mixed by mixup, each of its two
    classes counts by its share. None, as the next ones, for numbers."""
    val_accuracy: float | None = None
    """Share of validation samples classified correctly after the epoch."""
    val_macro_f1: float | None = None
    """Mean F1 score of the classes on the validation split after the epoch. Earlier versions did not measure it."""
    val_balanced_accuracy: float | None = None
    """Mean over the classes of the share of its validation samples classified correctly; as the one above."""

    train_r2: float | None = None
    """R2 of the training samples while the model was changing. None, as the next ones, for classes."""
    val_r2: float | None = None
    """R2 of the validation samples after the epoch: 1 at most, 0 for always saying their mean."""
    val_rmse: float | None = None
    """The root of the mean squared error there, in the unit of the target, as the next one."""
    val_mae: float | None = None
    """The mean absolute error there."""
    val_mse: float | None = None
    """The mean squared error there, in the square of that unit."""

    @property
    def finite(self) -> bool:
        """False when a loss is NaN or infinite."""
        return math.isfinite(self.train_loss) and math.isfinite(self.val_loss)

    def numbers(self) -> dict[str, float]:
        """All that was measured, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}
