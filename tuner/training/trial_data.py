"""What trials start from: the samples and weights, as tensors on the device that they train on."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import torch
from torch import Tensor

from tuner.data.reshuffle import Rows
from tuner.data.spec import Split
from tuner.training.frozen_features import FeatureStore
from tuner.training.job import Arrays
from tuner.training.pretrained import PRETRAINED, Weights


class TrialData(NamedTuple):
    """What trials start from, on the device that they train on."""

    train: Split
    validation: Split
    pretrained: Weights
    """Weights of models' first layers, see `weights_of`; empty when there are none."""
    features: FeatureStore | None = None
    """What is held of them from one trial to the next."""
    rows: Rows | None = None
    """Which samples of both splits a trial trains on and is validated on, where these are not the splits' own."""
    groups: Tensor | None = None
    """See `Splits.groups`."""


def to_trial_data(arrays: Arrays, device: torch.device, samples: str = "") -> TrialData:
    """Tensors over the arrays: the same memory for a CPU, copied once to a GPU. `samples` is that of a FeatureStore."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")  # nothing here writes
        tensors = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
    return TrialData(
        train=Split(tensors["train_inputs"], tensors["train_targets"]),
        validation=Split(tensors["validation_inputs"], tensors["validation_targets"]),
        pretrained={k.removeprefix(PRETRAINED): v for k, v in tensors.items() if k.startswith(PRETRAINED)},
        features=FeatureStore(samples),
        groups=tensors.get("groups"),
    )
