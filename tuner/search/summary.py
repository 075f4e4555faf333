"""Counts, the best trial and the time left of a running search."""

from __future__ import annotations

import time

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord


def _left(config: SweepConfig, records: list[TrialRecord], epochs: int, began: float, spent: float) -> float | None:
    """Estimated from the speed of this run: epochs of earlier runs of a resumed sweep took no time in it."""
    elapsed = max(0.0, time.time() - began)
    trained = sum(metrics["time"] >= began for record in records for metrics in record.metrics.values())
    left = max(0.0, epochs * elapsed / trained) if trained else None
    if config.time_budget is None:
        return left
    budget = max(0.0, config.time_budget - spent - elapsed)
    return budget if left is None else min(left, budget)
