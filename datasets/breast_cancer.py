"""Breast Cancer Wisconsin (Diagnostic): 30 measurements of cell nuclei, 569 samples; ships with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import torch
from sklearn.datasets import load_breast_cancer

from tuner.data.spec import Column, DataSpec, Splits, hold_out, moments

TEST_SHARE = 0.2  # there is no official split
VALIDATION_SHARE = 0.25


def load(root: Path) -> Splits:
    """The splits; inputs are float64 (samples, 30) in their raw units. Reads nothing from `root`."""
    del root
    raw = load_breast_cancer()
    rows = torch.from_numpy(raw.data)
    rest, test = hold_out(rows, torch.tensor(raw.target, dtype=torch.int64), TEST_SHARE)
    train, validation = hold_out(*rest, VALIDATION_SHARE)
    mean, std = moments(train.inputs)
    spec = DataSpec(
        name="breast_cancer",
        task="tabular",
        shape=(rows.shape[1],),
        classes=tuple(str(name) for name in raw.target_names),
        mean=mean,
        std=std,
        columns=tuple(Column(name=str(name), fill=fill) for name, fill in zip(raw.feature_names, mean, strict=True)),
    )
    return Splits(spec, train, validation, test)
