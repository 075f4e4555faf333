"""How often a training sees its samples in an epoch: once, or as often as some given time allows.

Where several models are compared in equal times, see `sweeps.equal_time`, an epoch of one may be 2.4 passes over the
training split, and that of another a third of one. A pass goes on in the next epoch where it was left.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from tuner.data.batches import training_batches


def first_step(epoch: int, passes: float, steps: int) -> int:
    """How many steps come before an epoch (0 for the first). Each epoch has one at least.

    Args:
        epoch: its number, from 0.
        passes: over all samples in an epoch.
        steps: of a pass.

    >>> [first_step(epoch, 2.4, 10) for epoch in range(4)], [first_step(epoch, 0.05, 10) for epoch in range(4)]
    ([0, 24, 48, 72], [0, 1, 2, 3])
    """
    return max(epoch, round(epoch * passes * steps))


def epoch_batches(
    inputs: Tensor, batch_size: int, generator: Generator, *, epoch: int, passes: float, seed: int
) -> list[Tensor]:
    """Index tensors of the full batches of an epoch, in random order, on the generator's device.

    Args:
        inputs: the samples.
        batch_size: at most their number.
        generator: of this epoch.
        epoch: its number, from 0.
        passes: over all samples in an epoch. With exactly one, the order is drawn from the `generator`.
        seed: of the training: the order in which a pass that is not a whole epoch goes follows from it.
    """
    if passes == 1:
        return training_batches(inputs, batch_size, generator)
    steps = len(inputs) // batch_size
    first, last = first_step(epoch, passes, steps), first_step(epoch + 1, passes, steps)
    found: list[Tensor] = []
    for number in range(first // steps, -(-last // steps)):
        order = torch.Generator(generator.device).manual_seed((seed * 1_000_003 + number) % 2**63)
        begins = number * steps
        found += training_batches(inputs, batch_size, order)[max(0, first - begins) : last - begins]
    return found
