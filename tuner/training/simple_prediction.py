"""What simple models have in common: their answers, the samples that they are trained on, and their features."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.data.spec import Split, Splits, stratified

Features = Any  # a matrix of numpy or scipy.sparse: (samples, features)
WORK = 1e8  # training samples x features x classes: some seconds on two cores


@dataclass(frozen=True, kw_only=True)
class SimplePrediction:
    """What a simple model says of the test split."""

    key: str
    """Its short name: `logistic_regression`."""
    name: str
    """What it is, for people."""
    predicted: NDArray[np.int64] | NDArray[np.float64]
    """(test samples,) indices into the class names, or numbers in the unit of the target."""
    trained_on: int

    def to_json(self) -> dict[str, Any]:
        """Numbers and names only."""
        told = {"key": self.key, "name": self.name, "predicted": self.predicted.tolist(), "trained_on": self.trained_on}
        return {**told, "numbers": True} if self.predicted.dtype.kind == "f" else told

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. Raises KeyError, TypeError or ValueError when something is missing."""
        said = {"key": raw["key"], "name": raw["name"], "trained_on": raw["trained_on"]}
        if raw.get("numbers"):
            return cls(**said, predicted=np.array(raw["predicted"], dtype=np.float64))
        return cls(**said, predicted=np.array(raw["predicted"], dtype=np.int64))


def some_of(train: Split, cost: int, most: float = math.inf) -> Split:
    """The training samples, or as many as are cheap, see `some_rows`."""
    kept = some_rows(train, cost, most)
    return train if len(kept) == len(train.targets) else Split(train.inputs[kept], train.targets[kept])


def some_rows(train: Split, cost: int, most: float = math.inf) -> Tensor:
    """The places of as many samples as are cheap, the classes in proportion. `cost` is that of one of them.

    They are about `most` at most: each class has one.
    """
    share = min(WORK / cost, most) / len(train.targets)
    return torch.arange(len(train.targets)) if share >= 1 else stratified(train.targets, share)[1]


def fit_logistic(
    train: tuple[Features, Tensor], held: tuple[Features, Tensor], strengths: Sequence[float]
) -> Callable[[Features], NDArray[np.int64]]:
    """Logistic regression that was fitted to `train`, as a function from features to classes.

    Of the `strengths`, values of scikit-learn's C, it has the one with the best accuracy on `held`; of equal ones the
    least, which regularises most. Both are (samples, features) with (samples,) classes.
    """
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - takes a second
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - scikit-learn's own

    found = []
    for strength in strengths:
        with warnings.catch_warnings(), threadpool_limits(1):  # threads wait for each other, 4 to 40 times as long
            warnings.simplefilter("ignore", ConvergenceWarning)  # a few steps more would change little
            fitted = LogisticRegression(C=strength, max_iter=100).fit(train[0], train[1].numpy())
        found.append((float((fitted.predict(held[0]) == held[1].numpy()).mean()), -strength, fitted))
    _, _, best = max(found, key=lambda each: each[:2])
    return lambda features: best.predict(features).astype(np.int64)


def scaled_columns(splits: Splits) -> Callable[[Tensor], Any]:
    """Columns with mean 0 and standard deviation 1."""
    mean, std = (torch.tensor(values, dtype=torch.float64) for values in (splits.spec.mean, splits.spec.std))
    return lambda inputs: ((inputs.double() - mean) / std).float().numpy()
