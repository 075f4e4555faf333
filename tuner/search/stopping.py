"""What is wrong with a trial, and when so many fail that the search ends. See `budgets` for its other ends."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from tuner.core.records import TrialRecord

LEAST_TRIED = 5  # with fewer trials, their share of failures says nothing
EXPLODED = 1e6  # nats of mean cross-entropy: no training recovers from that


def invalid_metrics(metrics: Mapping[str, float]) -> str:
    """What is wrong with an epoch's metrics; empty when nothing is."""
    for name in ("train_loss", "val_loss", "val_accuracy"):
        if not math.isfinite(metrics[name]):
            return f"{name} is {metrics[name]}"
        if metrics[name] > EXPLODED:
            return f"{name} exploded to {metrics[name]:.3g}"
    return ""


def failing_reason(records: Sequence[TrialRecord], max_failure_rate: float) -> str:
    """Why the sweep should stop: more than this share of its trials failed. Empty while it should continue."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    tried = sum(record.ended or bool(record.values) for record in records)
    if tried < LEAST_TRIED or reasons.total() <= max_failure_rate * tried:
        return ""
    [(reason, count)] = reasons.most_common(1)
    return f"{reasons.total()} of {tried} trials failed, {count} of them with: {reason}"
