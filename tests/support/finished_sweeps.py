"""Finished sweeps that have never run, for comparisons."""

from __future__ import annotations

from typing import Any

from tuner.core.outcome import FinishedSweep


def make(dataset: str, model: str, accuracy: float, **changes: Any) -> FinishedSweep:
    """A sweep as MLflow's store tells of it, with some values changed."""
    values: dict[str, Any] = {
        "pair": f"{dataset}-{model}",
        "name": f"{dataset}-{model}-1",
        "uid": f"{dataset}-{model}-1",
        "dataset": dataset,
        "model": model,
        "started": 0.0,
        "test_data": "same",
        "accuracy": accuracy,
        "macro_f1": accuracy,
        "roc_auc": 0.99,
        "parameters": 270_000,
        "flops": 82_000_000,
        "bytes": 1_100_000,
        "train_seconds": 7_300.0,
        "machine": "2 CPU cores",
    }
    return FinishedSweep(**{**values, **changes})
