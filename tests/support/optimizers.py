"""The optimizer of a training, from its hyperparameters."""

from __future__ import annotations

import torch
from torch import nn

from tuner.training.hyperparameters import Hyperparameters
from tuner.training.optimizers import make_optimizer


def optimizer_of(model: nn.Module, hyperparameters: Hyperparameters) -> torch.optim.Optimizer:
    """As `Training` makes it."""
    return make_optimizer(
        model,
        hyperparameters.optimizer,
        lr=hyperparameters.lr,
        momentum=hyperparameters.momentum,
        weight_decay=hyperparameters.weight_decay,
    )
