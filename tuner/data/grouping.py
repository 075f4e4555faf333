"""Divides samples of which some belong together: all samples of a group, such as a patient, go to the same side.

The classes are kept in proportion as far as whole groups allow it, by scikit-learn's StratifiedGroupKFold.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]
_NEAR = 2.0  # a part may be so many times as large or as small as asked for, where others lack a class


def group_folds(targets: Labels, groups: Labels, folds: int, seed: int) -> Labels:
    """(samples,) in which of the folds each sample is, so that no group is in two of them.

    Args:
        targets: (samples,) classes.
        groups: (samples,) numbers of groups, at least as many as folds.
        folds: how many there are, at least 2.
        seed: of the order in which groups are dealt out.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415 - takes a second

    if np.bincount(targets).max() < folds:
        targets = np.zeros_like(targets)  # no class can be in every fold
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold_of = np.zeros(len(targets), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class has fewer samples than there are folds
        for fold, (_, held) in enumerate(splitter.split(np.zeros((len(targets), 1)), targets, groups)):
            fold_of[held] = fold
    return fold_of


def hold_out_groups(targets: Labels, groups: Labels, share: float, seed: int) -> Mask:
    """(samples,) which samples are held out: whole groups, with about `share` of the samples of each class.

    There must be two groups, and of each class two samples.
    """
    count = max(2, min(round(1 / share), len(np.unique(groups)), int(np.bincount(targets).max())))
    fold_of = group_folds(targets, groups, count, seed)
    classes, wanted = len(np.unique(targets)), share * len(targets)
    best, found = (-1.0, 0.0), np.zeros(len(targets), dtype=bool)
    for fold in range(count):
        held: Mask = fold_of == fold
        size = int(held.sum())
        if not 0 < size < len(targets):
            continue
        both = min(len(np.unique(targets[held])), len(np.unique(targets[~held]))) / classes
        near = min(size / wanted, wanted / size)
        if both == 1 and near >= 1 / _NEAR:
            return held  # the first one that is good: the order is the seed's
        if (both, near) > best:
            best, found = (both, near), held
    return found
