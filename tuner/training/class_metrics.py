"""Scores that weigh all classes alike, whatever their sizes, from counts of samples."""

from __future__ import annotations

from torch import Tensor


def macro_f1(counts: Tensor) -> float:
    """The mean F1 score of the classes; classes that occur neither in targets nor in predictions are left out.

    Args:
        counts: (3, classes): for each class how many samples were found right, said to be of it, and are of it.

    >>> from torch import tensor
    >>> round(macro_f1(tensor([[2, 1, 0], [3, 1, 0], [2, 2, 0]])), 4)
    0.7333
    """
    right, said, true = counts.double()
    occurs = said + true > 0
    return float((2 * right[occurs] / (said + true)[occurs]).mean())


def balanced_accuracy(counts: Tensor) -> float:
    """The mean share of each class's samples that were found right, of the same counts; without empty classes.

    >>> from torch import tensor
    >>> balanced_accuracy(tensor([[2, 1, 0], [3, 1, 0], [2, 2, 0]]))
    0.75
    """
    right, _, true = counts.double()
    occurs = true > 0
    return float((right[occurs] / true[occurs]).mean())


def balanced_weights(targets: Tensor) -> Tensor:
    """(classes,) weights with which each class counts as much as another, and a sample 1 on average.

    As `class_weight="balanced"` of scikit-learn: samples / (classes x samples of the class). A class without samples
    is not counted.

    >>> from torch import tensor
    >>> balanced_weights(tensor([0, 0, 0, 2])).tolist()
    [0.6666666865348816, 0.0, 2.0]
    """
    counts = targets.bincount().float()
    occurs = counts > 0
    return occurs * len(targets) / (occurs.sum() * counts.clamp_min(1))
