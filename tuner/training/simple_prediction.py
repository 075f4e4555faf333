"""What simple models have in common: their answers, the samples that they are trained on, and their features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tuner.data.spec import Split, Splits, stratified

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


def some_of(train: Split, cost: int) -> Split:
    """The training samples, or as many as are cheap, the classes in proportion. `cost` is that of one of them."""
    share = WORK / cost / len(train.targets)
    if share >= 1:
        return train
    _, kept = stratified(train.targets, share)
    return Split(train.inputs[kept], train.targets[kept])


def scaled_columns(splits: Splits) -> Callable[[Tensor], Any]:
    """Columns with mean 0 and standard deviation 1."""
    mean, std = (torch.tensor(values, dtype=torch.float64) for values in (splits.spec.mean, splits.spec.std))
    return lambda inputs: ((inputs.double() - mean) / std).float().numpy()
