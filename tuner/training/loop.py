"""The training loop. It knows torch and tensors, and nothing of Ray, Optuna, MLflow or files."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tuner.core.kept_epoch import choose_kept
from tuner.core.objective import PLAIN, Goal
from tuner.data.augmentation import Augmentation, augment
from tuner.data.reshuffle import Rows
from tuner.data.spec import Split
from tuner.training.average import WeightAverage
from tuner.training.device import autocast, memory_format, to_memory_format
from tuner.training.distributed import SINGLE_PROCESS, Ranks
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.frozen_features import FeatureStore, head_of, trained_part
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.inputs import Samples, training_inputs
from tuner.training.learning_rate import lr_factor
from tuner.training.mixup import draw_shares, mix
from tuner.training.optimizers import load_optimizer, make_optimizer, optimizer_step, set_lr
from tuner.training.passes import epoch_batches, first_step
from tuner.training.reproducibility import seed_torch
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
        if self.frozen and trained:
            own = head_of(self.model).state_dict()
            return {name: own[within] for name, within in self._trained.items()}
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
    if training.epoch >= training.epochs:
        return
    started = time.perf_counter()
    store = (store or FeatureStore()) if training.ranks.size == 1 else None
    samples = Samples((train, validation), rows)
    found = training_inputs(training.model, samples, training.hyperparameters, augmentations, store, training.frozen)
    training.wrapped = head_of(training.model) if found.trains_head else training.wrapped
    training.evaluated = head_of(training.model) if found.validates_head else training.evaluated
    train, validation = Split(found.train.inputs, training.target.encode(found.train.targets)), found.validation
    while training.epoch < training.epochs:
        train_loss, train_scores, lr = train_epoch(training, train, found.changes)
        training.ranks.share_buffers(training.model)
        with training.averaged():
            val_scores = training.target.val_scores(training.evaluated, validation, training.ranks)
            metrics = EpochMetrics(
                epoch=training.epoch + 1,
                train_loss=train_loss,
                lr=lr,
                epoch_seconds=time.perf_counter() - started,
                **train_scores,
                **val_scores,
            )
            training.note(metrics, len(validation.targets))
        yield metrics
        started = time.perf_counter()


def train_epoch(
    training: Training, train: Split, changes: tuple[Augmentation, ...]
) -> tuple[float, dict[str, float], float]:
    """One epoch over the training split in random order: mean loss, other scores and the last learning rate.

    The targets of the split are those that the loss takes, see `Target.encode`. The last batch is dropped if it is not
    full, since batch normalisation would weigh it wrongly. The order changes, so no sample is dropped every time.
    """
    hyperparameters, device, ranks = training.hyperparameters, training.device, training.ranks
    target, smoothing = training.target, hyperparameters.label_smoothing
    batch_size = min(hyperparameters.batch_size, len(train.targets))
    first, last, steps = (
        first_step(epoch, training.passes, len(train.targets) // batch_size)
        for epoch in (training.epoch, training.epoch + 1, training.epochs)
    )
    generator = _seed_epoch(training)
    shares = draw_shares(hyperparameters.mixup, last - first, generator.initial_seed())
    batches = epoch_batches(
        train.inputs, batch_size, generator, epoch=training.epoch, passes=training.passes, seed=training.seed
    )
    generator = ranks.own(generator)
    weights = target.weights(train.targets, hyperparameters)
    loss_sum, tally, lr = torch.zeros((), device=device), torch.zeros((), device=device), 0.0
    training.wrapped.train()
    parameters, precision = list(training.wrapped.parameters()), autocast(device)
    for step, (batch, share) in enumerate(zip(batches, shares, strict=True), first):
        lr = hyperparameters.lr * lr_factor(step, steps, hyperparameters.warmup)
        set_lr(training.optimizer, lr)
        for parameter in parameters:
            parameter.grad = None
        for index in ranks.part(batch).chunk(2 if training.halves_now else 1):
            inputs = augment(train.inputs.index_select(0, index), changes, generator)
            inputs, targets = mix(inputs, train.targets.index_select(0, index), share, generator)
            with precision:
                outputs = training.wrapped(to_memory_format(inputs, training.layout))
                loss = targets.mean(partial(target.loss, outputs, weights=weights, label_smoothing=smoothing))
                loss = loss * ranks.weight(index, batch)
            torch.autograd.backward(loss)
            loss_sum += loss.detach()
            tally += targets.mean(partial(target.tally, outputs.detach()))
        optimizer_step(training.optimizer)
        if training.average:
            training.average.update()
    loss_total, tally_total = ranks.total(loss_sum, tally)
    scores = target.train_scores(tally_total, (last - first) * batch_size, train.targets)
    return loss_total / ((last - first) * ranks.size), scores, lr


def _seed_epoch(training: Training) -> torch.Generator:
    seed = (training.seed * 1_000_003 + training.epoch) % 2**63
    seed_torch(seed + training.ranks.rank, training.device)  # dropout differs between the processes
    return torch.Generator(training.device).manual_seed(seed)
