"""The hyperparameters of training itself. All other parameters of a search space belong to the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tuner.core.errors import TunerError, unknown
from tuner.core.several_models import own_parameters
from tuner.training.optimizers import OPTIMIZERS

UNWEIGHTED = "none"
CLASS_WEIGHTS = (UNWEIGHTED, "balanced")
MOST = {"randaugment": 1, "views": 1000}
SHARES = ("momentum", "warmup", "label_smoothing", "cutout", "word_dropout", "ema")  # from 0 to below 1


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """How a model is trained."""

    batch_size: int = 128
    optimizer: str = "sgd"
    """One of OPTIMIZERS; sgd is with Nesterov momentum."""
    lr: float = 0.1
    """The learning rate at its peak, after the warm-up."""
    momentum: float = 0.9
    """For sgd only."""
    weight_decay: float = 5e-4
    """For weights only, not for biases and normalisation layers. L2 with sgd and adam, decoupled with adamw."""
    warmup: float = 0.1
    """Share of all steps over which the learning rate rises from 0; a cosine brings it back to 0."""
    label_smoothing: float = 0.0
    """Share of the target spread over all classes."""
    augment: bool = True
    """Whether training samples are changed at random, in the ways that the dataset names."""
    cutout: float = 0.0
    """Side of a square that is hidden in each training image, as a share of the image's shorter side; 0 for none."""
    randaugment: float = 0.0
    """Strength of two random operations on each training image, 0 to 1: see `data.randaugment`; 0 for none."""
    word_dropout: float = 0.0
    """Share of the words of each training text that are taken for unknown ones; 0 for none."""
    mixup: float = 0.0
    """Samples are mixed by shares drawn from Beta(mixup, mixup): see `training.mixup`; 0 for none."""
    views: int = 0
    """Where the head of a frozen network alone is trained: so often is each training sample changed at random before
    the first epoch, and the features of these are computed once; each batch draws one. 0 for changes in each epoch."""
    ema: float = 0.0
    """Decay of the average of the weights that is validated and kept in place of the weights; 0 for none."""
    class_weight: str = UNWEIGHTED
    """One of CLASS_WEIGHTS. `balanced`: each class counts as much as another in the loss, whatever its size."""

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise unknown("optimizer", str(self.optimizer), OPTIMIZERS)
        if type(self.augment) is not bool:
            raise TunerError(f"augment must be true or false, got {self.augment!r}")
        if self.class_weight not in CLASS_WEIGHTS:
            raise unknown("class_weight", str(self.class_weight), CLASS_WEIGHTS)
        if type(self.batch_size) is not int or self.batch_size < 1:
            raise TunerError(f"batch_size must be a whole number of at least 1, got {self.batch_size!r}")
        if type(self.views) is not int:
            raise TunerError(f"views must be a whole number, got {self.views!r}")
        for name in ("lr", "weight_decay", "mixup", "randaugment", *SHARES):
            value = getattr(self, name)
            if type(value) not in (int, float) or not math.isfinite(value):
                raise TunerError(f"{name} must be a finite number, got {value!r}")
        if not self.lr > 0:
            raise TunerError(f"lr must be above 0, got {self.lr}")
        self._check_ranges()

    def _check_ranges(self) -> None:
        for name in SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise TunerError(f"{name} must be at least 0 and below 1, got {getattr(self, name)}")
        for name in ("weight_decay", "mixup"):
            if not getattr(self, name) >= 0:
                raise TunerError(f"{name} must not be negative, got {getattr(self, name)}")
        for name, most in MOST.items():
            if not 0 <= getattr(self, name) <= most:
                raise TunerError(f"{name} must be from 0 to {most}, got {getattr(self, name)}")


OF_CLASSES = ("label_smoothing", "class_weight", "mixup")  # parameters that have no meaning where a number is predicted
OF_TASK = {  # parameters that mean something for one kind of data alone, and what they do
    "cutout": ("image", "hides a part of each image"),
    "randaugment": ("image", "changes each image"),
    "views": ("image", "changes each image"),
    "word_dropout": ("text", "hides words of each text"),
}
TRAINING_PARAMETERS = frozenset(field.name for field in fields(Hyperparameters))


def split_parameters(models: str, parameters: Mapping[str, Any]) -> tuple[Hyperparameters, dict[str, Any]]:
    """Splits a trial's parameters into those of training and the arguments of its model's `build`.

    `models` are those of its sweep: of several, one parameter says which it has.
    """
    own: dict[str, Any] = own_parameters(models, parameters)
    training = {name: value for name, value in own.items() if name in TRAINING_PARAMETERS}
    model = {name: value for name, value in own.items() if name not in TRAINING_PARAMETERS}
    return Hyperparameters(**training), model
