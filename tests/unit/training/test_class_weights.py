"""Classes of different sizes: weights in the loss, and the scores that weigh all classes alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn import functional

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec, Split
from tuner.training.class_metrics import balanced_accuracy, balanced_weights
from tuner.training.classifier import Classifier
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.epoch_scores import evaluate
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training, fit
from tuner.training.targets.classes import mean_loss

RARE = 60  # one sample of so many is of the rare class


def uneven(samples: int, seed: int) -> Split:
    """Two overlapping clouds, one of them rare."""
    generator = torch.Generator().manual_seed(seed)
    targets = (torch.arange(samples) % RARE == 0).long()
    return Split(torch.randn(samples, 2, generator=generator) + 1.5 * targets[:, None], targets)


def trained(class_weight: str) -> EpochMetrics:
    spec = DataSpec(
        name="made-up", task="tabular", shape=(2,), classes=("often", "rare"), mean=(0.0, 0.0), std=(1.0, 1.0)
    )
    torch.manual_seed(0)
    how = Hyperparameters(batch_size=100, optimizer="adam", lr=0.05, class_weight=class_weight)
    model = Classifier(spec, nn.Linear(2, 2))
    training = Training(model, how, epochs=4, seed=0, device=torch.device("cpu"))
    return list(fit(training, uneven(6000, 1), uneven(3000, 2), ()))[-1]


def test_weights_are_those_of_scikit_learn() -> None:
    targets = torch.tensor([0] * 50 + [1] * 7 + [2] * 3)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=targets.numpy())
    assert balanced_weights(targets).numpy() == pytest.approx(expected)


def test_a_loss_with_weights_is_that_of_samples_which_are_repeated() -> None:
    logits, targets = torch.randn(4, 2, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 0, 0, 1])
    repeated = functional.cross_entropy(logits[[0, 1, 2, 3, 3, 3]], targets[[0, 1, 2, 3, 3, 3]], label_smoothing=0.1)
    assert mean_loss(logits, targets, balanced_weights(targets), 0.1).item() == pytest.approx(repeated.item())
    halves = [mean_loss(logits[part], targets[part], balanced_weights(targets), 0.1) for part in ([0, 1], [2, 3])]
    assert torch.stack(halves).mean().item() == pytest.approx(repeated.item())


def test_balanced_training_finds_the_rare_class_at_the_cost_of_the_other() -> None:
    plain, balanced = trained("none"), trained("balanced")
    assert plain.numbers()["val_accuracy"] > balanced.numbers()["val_accuracy"]
    assert plain.val_balanced_accuracy is not None
    assert balanced.val_balanced_accuracy is not None
    assert plain.val_balanced_accuracy < 0.6
    assert balanced.val_balanced_accuracy > 0.75


def test_balanced_accuracy_is_that_of_scikit_learn() -> None:
    split = uneven(3000, 3)
    said = (split.inputs.sum(1) > 2).long()
    counts = torch.stack([part.bincount(minlength=2) for part in (said[said == split.targets], said, split.targets)])
    expected = balanced_accuracy_score(split.targets.numpy(), said.numpy())
    assert balanced_accuracy(counts) == pytest.approx(expected)

    class Says(nn.Module):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return functional.one_hot((inputs.sum(1) > 2).long(), 2).float()

    spec = DataSpec(name="x", task="tabular", shape=(2,), classes=("a", "b"), mean=(0.0, 0.0), std=(1.0, 1.0))
    assert evaluate(Classifier(spec, Says()), split).balanced_accuracy == pytest.approx(expected)


def test_another_weight_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(TunerError, match=r"unknown class_weight 'ballanced'.*balanced"):
        Hyperparameters(class_weight="ballanced")
