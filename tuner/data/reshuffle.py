"""Other divisions of the same samples into training and validation: anew at random, or into folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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

    def rows(self, train: Split, validation: Split, groups: Tensor | None = None) -> Rows:
        """Which samples of both splits are trained on, and which are validated on. See `Splits.groups`."""
        held = _fold(train, validation, self, groups) if self.folds else _anew(train, validation, self.seed, groups)
        rest, out = (torch.nonzero(part).flatten().to(train.targets.device) for part in (~held, held))
        return Rows(rest, out)

    def of(self, train: Split, validation: Split, groups: Tensor | None = None) -> tuple[Split, Split]:
        """Training and validation, of the samples of both splits."""
        return take_rows(train, validation, self.rows(train, validation, groups))


def reshuffle(train: Split, validation: Split, seed: int, groups: Tensor | None = None) -> tuple[Split, Split]:
    """Training and validation, see `Division`."""
    return Division(seed).of(train, validation, groups)


class Rows(NamedTuple):
    """Some samples of two splits, as indices into the first one and then the second, in order."""

    train: Tensor
    """(training samples,)"""
    validation: Tensor
    """(validation samples,)"""

    @classmethod
    def whole(cls, train: Split, validation: Split) -> Rows:
        """All samples are trained on, and those of the second split are validated on as before."""
        first, both = len(train.targets), len(train.targets) + len(validation.targets)
        device = train.targets.device
        return cls(torch.arange(both, device=device), torch.arange(first, both, device=device))


def take_rows(train: Split, validation: Split, rows: Rows) -> tuple[Split, Split]:
    """The samples of both splits that these are, on their device."""
    return take_samples(train, validation, rows.train), take_samples(train, validation, rows.validation)


def take_samples(train: Split, validation: Split, index: Tensor) -> Split:
    """Those at (samples,) places in the first split and then the second, which are in order."""
    own, other = index[index < len(train.targets)], index[index >= len(train.targets)] - len(train.targets)
    targets = torch.cat([train.targets, validation.targets])
    return Split(torch.cat([train.inputs[own], validation.inputs[other]]), targets[index])


def _anew(train: Split, validation: Split, seed: int, groups: Tensor | None) -> Tensor:
    """(samples,) Which of both splits are held out: stratified, and as large a share for validation as before.

    No group is torn apart. If the first division has no sample in both parts, neither has this one: all copies of a
    sample go with the first. What was computed from the first training split (means, categories, a vocabulary) stays as
    it is.
    """
    targets = torch.cat([train.targets, validation.targets])
    share = len(validation.targets) / len(targets)
    if groups is not None:
        units = joined_groups(groups, train.inputs, validation.inputs)
        return torch.from_numpy(hold_out_groups(strata(targets.cpu(), share), units, share, seed))
    first, copy_of = _copies(train.inputs, validation.inputs)
    _, chosen = stratified(targets.cpu()[first], share, seed)
    is_held = torch.zeros(len(first), dtype=torch.bool)
    is_held[chosen] = True
    return is_held[copy_of]


def _fold(train: Split, validation: Split, division: Division, groups: Tensor | None) -> Tensor:
    """(samples,) Which of both splits are in this fold, the validation split; the others are the training split.

    Over all folds each sample is validated once. Without groups they are stratified, and as large as each other within
    one sample, but for copies of a sample, which stay together as in `_anew`.
    """
    targets = torch.cat([train.targets, validation.targets]).cpu()
    if groups is not None:
        units = joined_groups(groups, train.inputs, validation.inputs)
        of_group = group_folds(strata(targets, 1 / division.folds), units, division.folds, division.seed)
        return torch.from_numpy(of_group == division.fold)
    first, copy_of = _copies(train.inputs, validation.inputs)
    labels, rng = strata(targets[first], 1 / division.folds), np.random.default_rng(division.seed)
    shuffled = np.concatenate([rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)])
    fold_of = np.empty(len(labels), dtype=np.int64)
    fold_of[shuffled] = np.arange(len(labels)) % division.folds
    return (torch.from_numpy(fold_of) == division.fold)[copy_of]


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
