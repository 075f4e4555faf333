"""A target that is one of some classes."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from tuner.data.spec import Split
from tuner.training.class_metrics import balanced_weights
from tuner.training.distributed import Ranks
from tuner.training.epoch_scores import evaluate
from tuner.training.hyperparameters import UNWEIGHTED, Hyperparameters


class Classes:
    """See Target."""

    def encode(self, targets: Tensor) -> Tensor:
        """They are class indices already."""
        return targets

    def weights(self, targets: Tensor, hyperparameters: Hyperparameters) -> Tensor | None:
        """(classes,) the weight of each class; None where all count alike."""
        return None if hyperparameters.class_weight == UNWEIGHTED else balanced_weights(targets)

    def loss(self, outputs: Tensor, targets: Tensor, weights: Tensor | None, label_smoothing: float) -> Tensor:
        """See `mean_loss`."""
        return mean_loss(outputs, targets, weights, label_smoothing)

    def tally(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """How many are right."""
        return (outputs.argmax(1) == targets).sum()

    def train_scores(self, total: float, samples: int, targets: Tensor) -> dict[str, float]:  # noqa: ARG002
        """The accuracy."""
        return {"train_accuracy": total / samples}

    def val_scores(self, model: nn.Module, split: Split, ranks: Ranks) -> dict[str, float]:
        """Loss, accuracy, and what weighs all classes alike."""
        found = evaluate(model, split, ranks)
        return {f"val_{name}": value for name, value in found._asdict().items()}


def mean_loss(logits: Tensor, targets: Tensor, weights: Tensor | None, label_smoothing: float) -> Tensor:
    """Mean cross-entropy of (batch, classes) logits, where a sample counts as often as the weight of its class says."""
    if weights is None:
        return functional.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    losses = functional.cross_entropy(logits, targets, label_smoothing=label_smoothing, reduction="none")
    return (losses * weights[targets]).mean()
