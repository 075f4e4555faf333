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
    """Mean cross-entropy over the epoch's batches, in nats, while the model was changing; with class weights if any."""
    train_accuracy: float
    """Share of augmented training samples classified correctly, 0 to 1."""
    val_loss: float
    """Mean cross-entropy over the validation split after the epoch, without label smoothing."""
    val_accuracy: float
    """Share of validation samples classified correctly after the epoch."""
    lr: float
    """Learning rate of the epoch's last step."""
    epoch_seconds: float
    """Wall-clock time of training and validation."""
    val_macro_f1: float | None = None
    """Mean F1 score of the classes on the validation split after the epoch. Earlier versions did not measure it."""
    val_balanced_accuracy: float | None = None
    """Mean over the classes of the share of its validation samples classified correctly; as the one above."""

    @property
    def finite(self) -> bool:
        """False when a loss is NaN or infinite."""
        return math.isfinite(self.train_loss) and math.isfinite(self.val_loss)

    def numbers(self) -> dict[str, float]:
        """All that was measured, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}
