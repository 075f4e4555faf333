"""How samples are grouped into batches: at random, and texts with others of similar length."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from tuner.data.texts import lengths

POOL = 50  # texts are sorted by length within this many batches: batches stay random and need little padding
EVALUATION_BATCH = 512
EVALUATION_VALUES = 512 * 3 * 32 * 32  # at most in a batch, so that large images do not fill the memory


def training_batches(inputs: Tensor, batch_size: int, generator: Generator) -> list[Tensor]:
    """Index tensors of full batches over all samples, in random order, on the generator's device."""
    count = len(inputs) // batch_size
    order = torch.randperm(len(inputs), generator=generator, device=generator.device)[: count * batch_size]
    if _texts(inputs):
        pools = torch.split(order, POOL * batch_size)
        length = lengths(inputs)
        order = torch.cat([pool[length[pool].argsort()] for pool in pools])
    batches = list(torch.split(order, batch_size))
    if not _texts(inputs):
        return batches
    return [batches[i] for i in torch.randperm(count, generator=generator, device=generator.device).tolist()]


def evaluation_batches(inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The order of all samples (texts sorted by length), and this order in batches of a size that limits memory."""
    order = lengths(inputs).argsort() if _texts(inputs) else torch.arange(len(inputs), device=inputs.device)
    return order, torch.split(order, evaluation_size(inputs))


def evaluation_size(inputs: Tensor) -> int:
    """How many of these samples are evaluated in one batch at most."""
    return max(1, min(EVALUATION_BATCH, EVALUATION_VALUES // math.prod(inputs.shape[1:])))


def _texts(inputs: Tensor) -> bool:
    return inputs.ndim == 2 and not inputs.is_floating_point()
