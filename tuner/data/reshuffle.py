"""Another division of the same samples into training and validation."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tuner.data.spec import Split, stratified


def reshuffle(train: Split, validation: Split, seed: int) -> tuple[Split, Split]:
    """Divides the samples of both splits anew: stratified, and with as large a share for validation as before.

    If the first division has no sample in both parts, neither has this one: all copies of a sample go with the first.
    The splits may be on any device, and stay there. What was computed from the first training split (means,
    categories, a vocabulary) stays as it is.
    """
    targets = torch.cat([train.targets, validation.targets])
    share = len(validation.targets) / len(targets)
    first, copy_of = _copies(train.inputs, validation.inputs)
    _, chosen = stratified(targets.cpu()[first], share, seed)
    is_held = torch.zeros(len(first), dtype=torch.bool)
    is_held[chosen] = True
    is_held = is_held[copy_of]
    rest, held = (torch.nonzero(part).flatten().to(targets.device) for part in (~is_held, is_held))

    def take(index: Tensor) -> Split:
        own, other = index[index < len(train.targets)], index[index >= len(train.targets)] - len(train.targets)
        return Split(torch.cat([train.inputs[own], validation.inputs[other]]), targets[index])

    return take(rest), take(held)


def _copies(train: Tensor, validation: Tensor) -> tuple[Tensor, Tensor]:
    """The samples that are divided, as indices into both splits, and for each sample its place among these.

    The copies of a sample count as one. Where the splits share samples already, each counts by itself.
    """
    own, other = _hashes(train), _hashes(validation)
    if np.isin(other, own).any():
        every = torch.arange(len(own) + len(other))
        return every, every
    _, first, copy_of = np.unique(np.concatenate([own, other]), return_index=True, return_inverse=True)
    order = np.argsort(first)  # as they come, so that without copies all is as if they were not looked for
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return torch.from_numpy(first[order]), torch.from_numpy(place[copy_of.reshape(-1)])


def _hashes(inputs: Tensor) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(samples,) One number for the bytes of each sample, for this process only."""
    return np.fromiter((hash(row.tobytes()) for row in inputs.cpu().numpy()), np.int64, len(inputs))
