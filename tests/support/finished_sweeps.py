"""Finished sweeps that have never run, for comparisons."""

from __future__ import annotations

from typing import Any

from tuner.core.finished_sweep import FinishedSweep
from tuner.core.scores import TestScores
from tuner.core.validation import ValidationScore


def make(
    dataset: str,
    model: str,
    accuracy: float,
    *,
    validated: float | None = None,
    data: str = "split",
    better: bool = True,
    **changes: Any,
) -> FinishedSweep:
    """A sweep as MLflow's store tells of it, with some values changed.

    `validated` is its accuracy on the validation split `data`, by default that on the test set; it is `better` than its
    base or not.
    """
    name = changes.get("name", f"{dataset}-{model}-1")
    values: dict[str, Any] = {
        "pair": f"{dataset}-{model}",
        "name": name,
        "uid": f"{dataset} {model} {name}",
        "dataset": dataset,
        "model": model,
        "started": 0.0,
        "test_data": "same",
        "scores": TestScores(accuracy=accuracy, macro_f1=accuracy, roc_auc=0.99, loss=0.5),
        "parameters": 270_000,
        "flops": 82_000_000,
        "bytes": 1_100_000,
        "train_seconds": 7_300.0,
        "machine": "2 CPU cores",
        "validation": ValidationScore(
            data=data,
            accuracy=accuracy if validated is None else validated,
            loss=0.5,
            samples=1000,
            base_class="cat",
            base_accuracy=0.1,
            better=better,
        ),
    }
    return FinishedSweep(**{**values, **changes})
