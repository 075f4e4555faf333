"""Mixup: the samples of a batch are mixed with those of the same batch in another order, and so are their classes.

Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor


class MixedTargets(NamedTuple):
    """The targets of a batch, each of which may be a mixture of two."""

    first: Tensor
    """(batch,) targets."""
    second: Tensor | None = None
    """(batch,) what they are mixed with; None where nothing is mixed."""
    share: float = 1.0
    """Of the first ones."""

    def mean(self, of: Callable[[Tensor], Tensor]) -> Tensor:
        """What a function says of the first and of the second targets, as they are mixed.

        Of the cross-entropy it is that of the mixed targets, which is linear in them.
        """
        if self.second is None:
            return of(self.first)
        return self.share * of(self.first) + (1 - self.share) * of(self.second)


def draw_shares(alpha: float, batches: int, seed: int) -> list[float]:
    """The share that the samples of each batch keep, drawn from Beta(alpha, alpha); all 1 for an alpha of 0."""
    if not alpha:
        return [1.0] * batches
    shares: list[float] = np.random.default_rng(seed).beta(alpha, alpha, batches).tolist()
    return shares


def mix(inputs: Tensor, targets: Tensor, share: float, generator: Generator) -> tuple[Tensor, MixedTargets]:
    """Each sample mixed with another one of its batch; a share of 1 leaves all as it is.

    Args:
        inputs: (batch, ...), any dtype. Mixed ones are float32, or float64 if these are.
        targets: (batch,).
        share: of each sample in its mixture.
        generator: on the device of `inputs`. It draws which sample each is mixed with, which may be itself.
    """
    if share == 1:
        return inputs, MixedTargets(targets)
    order = torch.randperm(len(inputs), generator=generator, device=generator.device)
    values = inputs if inputs.is_floating_point() else inputs.float()
    return share * values + (1 - share) * values[order], MixedTargets(targets, targets[order], share)
