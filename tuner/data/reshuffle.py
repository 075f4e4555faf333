"""Other divisions of the same samples into training and validation: anew at random, or into folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tuner.data.grouping import Labels, group_folds, hold_out_groups
from tuner.data.spec import Split, strata, stratified


@dataclass(frozen=True)
class Division:
    """How the samples of a training are divided."""

    seed: int
    fold: int = 0
    """Which of the folds is the validation split, counted from 0."""
    folds: int = 0
    """How many there are; 0 for one random part, as large as the first validation split."""

    def of(self, train: Split, validation: Split, groups: Tensor | None = None) -> tuple[Split, Split]:
        """Training and validation, of the samples of both splits. See `Splits.groups`."""
        if self.folds:
            return take_fold(train, validation, self, groups)
        return reshuffle(train, validation, self.seed, groups)


def reshuffle(train: Split, validation: Split, seed: int, groups: Tensor | None = None) -> tuple[Split, Split]:
    """Divides the samples of both splits anew: stratified, and with as large a share for validation as before.

    No group is torn apart. If the first division has no sample in both parts, neither has this one: all copies of a
    sample go with the first. The splits may be on any device, and stay there. What was computed from the first training
    split (means, categories, a vocabulary) stays as it is.
    """
    targets = torch.cat([train.targets, validation.targets])
    share = len(validation.targets) / len(targets)
    if groups is not None:
        units = joined_groups(groups, train.inputs, validation.inputs)
        return _divided(
            train, validation, torch.from_numpy(hold_out_groups(strata(targets.cpu(), share), units, share, seed))
        )
    first, copy_of = _copies(train.inputs, validation.inputs)
    _, chosen = stratified(targets.cpu()[first], share, seed)
    is_held = torch.zeros(len(first), dtype=torch.bool)
    is_held[chosen] = True
    return _divided(train, validation, is_held[copy_of])


def take_fold(train: Split, validation: Split, division: Division, groups: Tensor | None = None) -> tuple[Split, Split]:
    """One fold of the samples of both splits is the validation split, and the others are the training split.

    Over all folds each sample is validated once. Without groups they are stratified, and as large as each other within
    one sample, but for copies of a sample, which stay together as in `reshuffle`.
    """
    targets = torch.cat([train.targets, validation.targets]).cpu()
    if groups is not None:
        units = joined_groups(groups, train.inputs, validation.inputs)
        of_fold = (
            group_folds(strata(targets, 1 / division.folds), units, division.folds, division.seed) == division.fold
        )
        return _divided(train, validation, torch.from_numpy(of_fold))
    first, copy_of = _copies(train.inputs, validation.inputs)
    labels, rng = strata(targets[first], 1 / division.folds), np.random.default_rng(division.seed)
    shuffled = np.concatenate([rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)])
    fold_of = np.empty(len(labels), dtype=np.int64)
    fold_of[shuffled] = np.arange(len(labels)) % division.folds
    return _divided(train, validation, (torch.from_numpy(fold_of) == division.fold)[copy_of])


def _divided(train: Split, validation: Split, is_held: Tensor) -> tuple[Split, Split]:
    """The samples of both splits without those that are held out, and these."""
    targets = torch.cat([train.targets, validation.targets])
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


def joined_groups(groups: Tensor, train: Tensor, validation: Tensor) -> Labels:
    """(samples,) The groups, those with copies of one sample as one, unless there are copies in both splits already."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - takes a while
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    numbers = groups.cpu().numpy()
    _, copy_of = _copies(train, validation)
    edges = (numbers, numbers.max() + 1 + copy_of.numpy())
    size = int(edges[1].max()) + 1
    _, joined = connected_components(coo_array((np.ones(len(numbers)), edges), shape=(size, size)), directed=False)
    return np.asarray(joined[numbers], dtype=np.int64)


def _hashes(inputs: Tensor) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(samples,) One number for the bytes of each sample, for this process only."""
    return np.fromiter((hash(row.tobytes()) for row in inputs.cpu().numpy()), np.int64, len(inputs))
