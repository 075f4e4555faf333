"""The steps of an epoch of one training: batches, gradients, and the learning rate of each step."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple, Protocol

import torch
from torch import Generator, Tensor, nn

from tuner.data.augmentation import Augmentation, augment
from tuner.data.spec import Split
from tuner.training.average import WeightAverage
from tuner.training.device import autocast, to_memory_format
from tuner.training.distributed import Ranks
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.learning_rate import lr_factor
from tuner.training.mixup import draw_shares, mix
from tuner.training.optimizers import optimizer_step
from tuner.training.passes import epoch_batches, first_step
from tuner.training.targets.base import Target


class State(Protocol):
    """What the steps need of a training, see `loop.Training`."""

    model: nn.Module
    wrapped: nn.Module
    hyperparameters: Hyperparameters
    optimizer: torch.optim.Optimizer
    average: WeightAverage | None
    target: Target
    device: torch.device
    layout: torch.memory_format
    ranks: Ranks
    seed: int
    epoch: int
    epochs: int
    passes: float

    @property
    def halves_now(self) -> bool:
        """See Training."""


class Extent(NamedTuple):
    """Which steps of a training its next epoch has."""

    first: int
    """Of the epoch."""
    last: int
    """The first one of the epoch after it."""
    steps: int
    """Of the whole training."""
    batch_size: int


def extent_of(training: State, samples: int) -> Extent:
    """That of the next epoch over so many samples."""
    batch_size = min(training.hyperparameters.batch_size, samples)
    first, last, steps = (
        first_step(epoch, training.passes, samples // batch_size)
        for epoch in (training.epoch, training.epoch + 1, training.epochs)
    )
    return Extent(first, last, steps, batch_size)


def epoch_seed(training: State) -> int:
    """The seed of all that is drawn in the next epoch: the order, the augmentation, and what is dropped."""
    return (training.seed * 1_000_003 + training.epoch) % 2**63


def batches_of(training: State, inputs: Tensor, generator: Generator) -> list[Tensor]:
    """The next epoch's batches as index tensors. The `generator` begins with the seed of the epoch."""
    batch_size = extent_of(training, len(inputs)).batch_size
    return epoch_batches(
        inputs, batch_size, generator, epoch=training.epoch, passes=training.passes, seed=training.seed
    )


def train_epoch(
    training: State, train: Split, changes: tuple[Augmentation, ...]
) -> tuple[float, dict[str, float], float]:
    """One epoch over the training split in random order: mean loss, other scores and the last learning rate.

    The targets of the split are those that the loss takes, see `Target.encode`. The last batch is dropped if it is not
    full, since batch normalisation would weigh it wrongly. The order changes, so no sample is dropped every time.
    """
    hyperparameters, device, ranks = training.hyperparameters, training.device, training.ranks
    target, smoothing = training.target, hyperparameters.label_smoothing
    first, last, steps, batch_size = extent_of(training, len(train.targets))
    torch.manual_seed(epoch_seed(training) + ranks.rank)  # dropout differs between the processes
    generator = torch.Generator(device).manual_seed(epoch_seed(training))
    shares = draw_shares(hyperparameters.mixup, last - first, generator.initial_seed())
    batches = batches_of(training, train.inputs, generator)
    generator = ranks.own(generator)
    weights = target.weights(train.targets, hyperparameters)
    loss_sum, tally, lr = torch.zeros((), device=device), torch.zeros((), device=device), 0.0
    training.wrapped.train()
    for step, (batch, share) in enumerate(zip(batches, shares, strict=True), first):
        lr = set_lr(training, step, steps)
        training.wrapped.zero_grad()
        for index in ranks.part(batch).chunk(2 if training.halves_now else 1):
            inputs = augment(train.inputs[index], changes, generator)
            inputs, targets = mix(inputs, train.targets[index], share, generator)
            with autocast(device):
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


def set_lr(training: State, step: int, steps: int) -> float:
    """Sets the learning rate of a step in the optimizer, and returns it."""
    lr = training.hyperparameters.lr * lr_factor(step, steps, training.hyperparameters.warmup)
    for group in training.optimizer.param_groups:
        group["lr"] = lr * group["lr_scale"]
    return lr
