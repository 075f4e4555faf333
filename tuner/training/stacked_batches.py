"""The batches of several epochs of one shape, step by step: those that each has alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import torch
from torch import Generator, Tensor

from tuner.data.augmentation import augment
from tuner.training.loop import Epoch
from tuner.training.steps import batches_of, epoch_seed


class Batches:
    """What each step of the epochs trains on, and the losses there."""

    def __init__(self, epochs: Sequence[Epoch]) -> None:
        """All have as many steps, and batches of one size."""
        self._epochs = epochs
        self._shared = len({epoch.train.inputs.data_ptr() for epoch in epochs}) == 1
        self._changed = any(epoch.changes for epoch in epochs)
        self.rewind()
        self._alike: dict[object, list[int]] = defaultdict(list)
        for row, epoch in enumerate(epochs):
            given = epoch.training.hyperparameters
            self._alike[given.label_smoothing, given.class_weight, 0 if self._shared else row].append(row)
        self._weights = [e.training.target.weights(e.train.targets, e.training.hyperparameters) for e in epochs]

    def rewind(self) -> None:
        """Begins again, with the first step."""
        self._generators = [Generator(e.training.device).manual_seed(epoch_seed(e.training)) for e in self._epochs]
        drawn = zip(self._epochs, self._generators, strict=True)
        self._orders = torch.stack([torch.stack(batches_of(e.training, e.train.inputs, g)) for e, g in drawn])

    def take(self, step: int) -> tuple[Tensor, Tensor]:
        """(trainings, batch, ...) inputs, changed at random where that is asked for, and (trainings, batch) targets."""
        rows = self._orders[:, step]
        if self._shared:
            first = self._epochs[0].train
            inputs, targets = first.inputs[rows], first.targets[rows]
        else:
            splits = [epoch.train for epoch in self._epochs]
            inputs, targets = (
                torch.stack([values[row] for values, row in zip(each, rows, strict=True)])
                for each in ([split.inputs for split in splits], [split.targets for split in splits])
            )
        if self._changed:
            drawn = zip(self._epochs, inputs, self._generators, strict=True)
            inputs = torch.stack([augment(batch, epoch.changes, generator) for epoch, batch, generator in drawn])
        return inputs, targets

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(trainings,) mean losses of (trainings, batch, outputs)."""
        found: list[Tensor] = []
        order: list[int] = []
        for rows in self._alike.values():
            training = self._epochs[rows[0]].training
            loss = partial(
                training.target.loss,
                weights=self._weights[rows[0]],
                label_smoothing=training.hyperparameters.label_smoothing,
            )
            everything = len(rows) == len(self._epochs)
            found.append(torch.vmap(loss)(*((outputs, targets) if everything else (outputs[rows], targets[rows]))))
            order += rows
        if len(found) == 1:
            return found[0]
        return torch.cat(found)[torch.tensor(order, device=outputs.device).argsort()]
