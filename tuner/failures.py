"""When a trial has failed, and when a sweep has."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from tuner.records import TrialRecord

LEAST_TRIED = 5  # before that, nothing is known of the share of trials that fail

EXPLODED = 1e6  # nats of mean cross-entropy: no training comes back from there


def broken(metrics: Mapping[str, float]) -> str:
    """What is wrong with an epoch's metrics; empty when nothing is."""
    for name in ("train_loss", "val_loss", "val_accuracy"):
        if not math.isfinite(metrics[name]):
            return f"{name} is {metrics[name]}"
        if metrics[name] > EXPLODED:
            return f"{name} exploded to {metrics[name]:.3g}"
    return ""


def hopeless(records: Sequence[TrialRecord], max_failure_rate: float) -> str:
    """What more than that share of the trials failed with; empty while it is worth going on."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    tried = sum(record.ended or bool(record.values) for record in records)
    if tried < LEAST_TRIED or reasons.total() <= max_failure_rate * tried:
        return ""
    [(reason, count)] = reasons.most_common(1)
    return f"{reasons.total()} of {tried} trials failed, {count} of them with: {reason}"
