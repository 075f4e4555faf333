"""Trains an epoch of several trainings of one shape in the same steps, for less than each alone would cost.

A small network spends its time in starting the kernels of its operations, not within them. Here one kernel works for
all trainings: their weights are stacked, and torch.func.vmap runs the network over the stack. Each training keeps its
own learning rate, momentum, weight decay, dropout, label smoothing and optimizer, and draws what it would draw alone.
So its numbers are those that it would have alone, but for the rounding of sums. Wang et al. 2021, "Horizontally Fused
Training Array" (MLSys).
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor, nn

from tuner.training.device import autocast
from tuner.training.loop import Epoch, Trained
from tuner.training.stack import Stack
from tuner.training.stacked_batches import Batches
from tuner.training.stacked_noise import Noise
from tuner.training.steps import extent_of, set_lr

TOLERANCE = 0.05
"""How far apart outputs alone and together may be, as a share of the largest: bfloat16 has 8 bits, some layers deep."""


class CannotStackError(Exception):
    """These trainings cannot take their steps together."""


def shape_of(epoch: Epoch) -> Hashable | None:
    """Epochs with the same shape may be trained together. None where an epoch can only be trained alone."""
    training, inputs = epoch.training, epoch.train.inputs
    hyperparameters, module = training.hyperparameters, training.wrapped
    weights = dict(module.named_parameters(remove_duplicate=False))
    tied = len({id(each) for each in weights.values()}) < len(weights)
    frozen = not all(each.requires_grad and each.dtype is torch.float32 for each in weights.values())
    text = not inputs.is_floating_point() and inputs.ndim == 2  # batches of texts differ in length
    if tied or frozen or text or hyperparameters.mixup or hyperparameters.ema or training.ranks.size > 1:
        return None
    layers = tuple((name, type(each), _settings(each)) for name, each in module.named_modules())
    sizes = tuple((name, each.shape) for name, each in weights.items())
    places = {id(value): place for place, value in enumerate(weights.values())}
    groups = tuple(
        (group["lr_scale"], tuple(places[id(each)] for each in group["params"]))
        for group in training.optimizer.param_groups
    )
    batches = (extent_of(training, len(inputs)).batch_size, len(inputs), inputs.shape[1:], inputs.dtype)
    return layers, sizes, groups, batches, training.passes


def _settings(module: nn.Module) -> str:
    """What a layer is, besides its weights and the layers within it. How much is dropped may differ."""
    inner = {"_parameters", "_buffers", "_modules", "p" if isinstance(module, nn.Dropout) else ""}
    return repr({name: value for name, value in vars(module).items() if name not in inner and "hooks" not in name})


class Together:
    """Trains epochs of one shape together."""

    def __init__(self, epoch: Epoch) -> None:
        """`epoch` is one of this shape. Nothing of its training is held."""
        self._noise = Noise()
        self._network = self._noise.replace_dropout(copy.deepcopy(epoch.training.wrapped).to("meta").train())
        self._places = [
            (held, name, f"{path}.{name}" if path else name)
            for path, owner in self._network.named_modules()
            for held in (owner._parameters, owner._buffers)
            for name, value in held.items()
            if value is not None
        ]
        self._checked = False

    def train(self, epochs: Sequence[Epoch]) -> list[Trained]:
        """Takes the steps of each epoch. The trainings are as they were if an error is raised.

        Raises:
            CannotStackError: the epochs do not fit, or the network gives other outputs than alone.
            Exception: whatever torch says of a network that vmap cannot run.
        """
        trainings = [epoch.training for epoch in epochs]
        extents = [extent_of(epoch.training, len(epoch.train.targets)) for epoch in epochs]
        count = extents[0].last - extents[0].first
        if any(extent.last - extent.first != count for extent in extents):
            raise CannotStackError("their epochs have different numbers of steps")
        batches, stack, target = Batches(epochs), Stack(trainings), trainings[0].target
        self._check(stack, batches, trainings[0].device)
        self._noise.begin(trainings)
        losses, tallies = torch.zeros(2, len(epochs), device=trainings[0].device)
        for step in range(count):
            lrs = [set_lr(t, extent.first + step, extent.steps) for t, extent in zip(trainings, extents, strict=True)]
            inputs, targets = batches.take(step)
            with autocast(inputs.device):
                outputs = torch.vmap(self._forward)(stack.weights, stack.buffers, inputs, self._noise.draw())
                loss = batches.losses(outputs, targets)
            stack.step(loss)
            losses += loss.detach()
            tallies += torch.vmap(target.tally)(outputs.detach(), targets)
        stack.write_back()
        seen = count * extents[0].batch_size
        return [
            Trained(loss, target.train_scores(tally, seen, epoch.train.targets), lr)
            for loss, tally, lr, epoch in zip((losses / count).tolist(), tallies.tolist(), lrs, epochs, strict=True)
        ]

    def _forward(
        self, weights: dict[str, Tensor], buffers: dict[str, Tensor], inputs: Tensor, masks: dict[int, Tensor]
    ) -> Tensor:
        """(batch, outputs) of one training."""
        for held, name, path in self._places:
            held[name] = weights[path] if path in weights else buffers[path]
        self._noise.masks = masks
        self._noise.calls = 0
        outputs: Tensor = self._network(inputs)
        return outputs

    @torch.no_grad()
    def _check(self, stack: Stack, batches: Batches, device: torch.device) -> None:
        """Compares what the network gives alone and together, once, without dropout."""
        if self._checked:
            return
        inputs, _ = batches.take(0)
        buffers = [{name: value.clone() for name, value in stack.buffers.items()} for _ in range(2)]
        with autocast(device), self._noise.noting():
            first = {name: value[0] for name, value in stack.weights.items()}
            alone = self._forward(first, {name: value[0] for name, value in buffers[0].items()}, inputs[0], {})
        with autocast(device):
            together = torch.vmap(self._forward, (0, 0, 0, None))(stack.weights, buffers[1], inputs, {})[0]
        apart = (alone.float() - together.float()).abs().max()
        if not apart <= TOLERANCE * alone.float().abs().max().clamp_min(1):
            raise CannotStackError("together it gives other outputs than alone")
        batches.rewind()
        self._checked = True
