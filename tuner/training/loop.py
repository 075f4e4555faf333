"""The training loop. It knows torch and tensors, and nothing of Ray, Optuna, MLflow or files."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tuner.core.kept_epoch import choose_kept
from tuner.core.objective import PLAIN, Goal
from tuner.data.augmentation import Augmentation
from tuner.data.reshuffle import Rows
from tuner.data.spec import Split
from tuner.training.average import WeightAverage
from tuner.training.device import memory_format
from tuner.training.distributed import SINGLE_PROCESS, Ranks
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.frozen_features import FeatureStore, head_of, trained_part
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.inputs import Samples, training_inputs
from tuner.training.optimizers import load_optimizer, make_optimizer
from tuner.training.steps import train_epoch
from tuner.training.targets.base import Target
from tuner.training.targets.classes import Classes


class Training:
    """The state of a training: the current weights, those to keep so far, the optimizer and the finished epochs.

    Dropout, shuffling and augmentation of an epoch depend only on `seed` and the epoch. So a training that is saved
    with `state_dict`, loaded and continued gives the same numbers as one without interruption.
    """

    def __init__(
        self,
        model: nn.Module,
        hyperparameters: Hyperparameters,
        *,
        epochs: int,
        seed: int,
        device: torch.device,
        ranks: Ranks = SINGLE_PROCESS,
        goal: Goal = PLAIN,
        target: Target | None = None,
        passes: float = 1.0,
        pretrained: bool = False,
    ) -> None:
        """`ranks` are the processes that train together, each with its own `Training` of the same model and seed.

        `goal` decides which epoch's weights are kept; `target` is what is learnt, by default classes. An epoch has so
        many `passes` over the training split. `pretrained` says that the model has weights that others start from, too.
        """
        self.layout = memory_format(model)
        self.model = model.to(device).to(memory_format=self.layout)
        self.ranks = ranks
        self.goal = goal
        self.target: Target = target or Classes()
        self.wrapped = ranks.wrap(self.model)
        self.evaluated: nn.Module = self.model
        self.hyperparameters = hyperparameters
        self.optimizer = make_optimizer(
            self.model,
            hyperparameters.optimizer,
            lr=hyperparameters.lr,
            momentum=hyperparameters.momentum,
            weight_decay=hyperparameters.weight_decay,
        )
        self.average = WeightAverage(self.model, hyperparameters.ema) if hyperparameters.ema else None
        self.epochs = epochs
        self.passes = passes
        self.seed = seed
        self.device = device
        self.epoch = 0
        self.metrics: EpochMetrics | None = None
        self.peak = 0.0  # see `choose_kept`
        self.kept_metrics: EpochMetrics | None = None
        self.kept_weights: dict[str, Tensor] = {}
        self.halved = 0  # the first epoch trained in half batches; 0 for none
        self.frozen, self._trained = trained_part(model, shared=pretrained)

    @property
    def halves_now(self) -> bool:
        """Whether the next epoch trains each batch in two halves and adds their gradients, to need half the memory.

        The steps are the same as for whole batches, except for batch normalisation, which sees the halves.
        """
        return 0 < self.halved <= self.epoch + 1

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it, the model has the average of its weights, where there is one; it is the same in all processes."""
        if self.average is None:
            yield
            return
        with self.average.in_place():
            self.ranks.share_buffers(self.model)
            yield

    def state_dict(self, *, whole: bool = True) -> dict[str, Any]:
        """All that `load_state_dict` needs to continue, in tensors, numbers and strings only.

        Without `whole`, frozen weights that others have, too, are left out.
        """
        frozen = self.weights(trained=False) if whole else {}
        return {
            "metrics": asdict(self.metrics) if self.metrics else None,
            "model": {**frozen, **self.weights()},
            "optimizer": self.optimizer.state_dict(),
            "best_metrics": asdict(self.kept_metrics) if self.kept_metrics else None,  # named as in earlier versions
            "best_weights": {**frozen, **self.kept_weights} if self.kept_weights else {},
            "peak": self.peak,
            "halved": self.halved,
            "average": self.average.state_dict() if self.average else None,
            "frozen": "" if whole else self.frozen,
        }

    def weights(self, *, trained: bool = True) -> dict[str, Tensor]:
        """The model's state dict without frozen weights that others have; or these alone."""
        return {name: each for name, each in self.model.state_dict().items() if (name in self._trained) == trained}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` has returned, also in a version that kept the epoch with the best accuracy."""
        self.metrics = EpochMetrics(**state["metrics"]) if state["metrics"] else None
        self.epoch = self.metrics.epoch if self.metrics else 0
        self.model.load_state_dict({**self.weights(trained=False), **state["model"]})
        load_optimizer(self.optimizer, state["optimizer"])
        if self.average:
            self.average.load_state_dict(state.get("average"))
        self.kept_metrics = EpochMetrics(**state["best_metrics"]) if state["best_metrics"] else None
        self.kept_weights = {name: each for name, each in state["best_weights"].items() if name in self._trained}
        self.peak = state.get("peak", self.kept_metrics.val_accuracy if self.kept_metrics else 0.0) or 0.0
        self.halved = state.get("halved", 0)

    def note(self, metrics: EpochMetrics, samples: int) -> None:
        """Counts an epoch with so many validation samples, and copies its weights if they are those to keep so far."""
        self.epoch, self.metrics = metrics.epoch, metrics
        if not metrics.finite:
            return
        kept = self.kept_metrics.numbers() if self.kept_metrics else None
        takes, self.peak = choose_kept(self.goal, metrics.numbers(), kept, self.peak, samples)
        if takes:
            self.kept_metrics = metrics
            self.kept_weights = {name: value.clone() for name, value in self.weights().items()}


class Trained(NamedTuple):
    """What came of the steps of an epoch."""

    loss: float
    """Mean over its batches."""
    scores: dict[str, float]
    """Others on the training samples, see `Target.train_scores`."""
    lr: float
    """Of the last step."""


@dataclass(frozen=True)
class Epoch:
    """The next epoch of a training: to be trained, and then finished. The splits are on the training's device."""

    training: Training
    train: Split
    """With the targets that the loss takes, see `Target.encode`."""
    validation: Split
    changes: tuple[Augmentation, ...]
    """At random, of each batch."""
    started: float
    """By time.perf_counter."""

    def train_alone(self) -> Trained:
        """Takes the steps."""
        return Trained(*train_epoch(self.training, self.train, self.changes))

    def finish(self, trained: Trained) -> EpochMetrics:
        """Validates the model that the steps have led to, and counts the epoch."""
        training = self.training
        training.ranks.share_buffers(training.model)
        with training.averaged():
            val_scores = training.target.val_scores(training.evaluated, self.validation, training.ranks)
            metrics = EpochMetrics(
                epoch=training.epoch + 1,
                train_loss=trained.loss,
                lr=trained.lr,
                epoch_seconds=time.perf_counter() - self.started,
                **trained.scores,
                **val_scores,
            )
            training.note(metrics, len(self.validation.targets))
        return metrics


def epochs_left(
    training: Training,
    train: Split,
    validation: Split,
    augmentations: tuple[str, ...],
    store: FeatureStore | None = None,
    rows: Rows | None = None,
) -> Generator[Epoch, None, None]:
    """The epochs until `training.epochs`. Each is to be finished before the next one is asked for. See `fit`."""
    if training.epoch >= training.epochs:
        return
    started = time.perf_counter()
    store = (store or FeatureStore()) if training.ranks.size == 1 else None
    samples = Samples((train, validation), rows)
    found = training_inputs(training.model, samples, training.hyperparameters, augmentations, store, training.frozen)
    training.wrapped = head_of(training.model) if found.trains_head else training.wrapped
    training.evaluated = head_of(training.model) if found.validates_head else training.evaluated
    learnt = Split(found.train.inputs, training.target.encode(found.train.targets))
    while training.epoch < training.epochs:
        yield Epoch(training, learnt, found.validation, found.changes, started)
        started = time.perf_counter()


def fit(
    training: Training,
    train: Split,
    validation: Split,
    augmentations: tuple[str, ...],
    store: FeatureStore | None = None,
    rows: Rows | None = None,
) -> Generator[EpochMetrics, None, None]:
    """Trains until `training.epochs`, yielding after each epoch. The splits must be on the training's device.

    With `rows` it takes these samples of both splits, in place of each split's own. `store` holds features of the
    splits from one training to the next, where a network's head alone is trained.
    """
    for epoch in epochs_left(training, train, validation, augmentations, store, rows):
        yield epoch.finish(epoch.train_alone())
