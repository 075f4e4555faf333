"""What the failures of a sweep's trials say of the sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tuner.records import TrialRecord

LEAST_TRIED = 5  # before that, nothing is known of the share of trials that fail


def hopeless(records: Sequence[TrialRecord], max_failure_rate: float) -> str:
    """What more than that share of the trials failed with; empty while it is worth going on."""
    reasons = Counter(record.reason for record in records if record.state == "FAIL")
    tried = sum(record.ended or bool(record.values) for record in records)
    if tried < LEAST_TRIED or reasons.total() <= max_failure_rate * tried:
        return ""
    [(reason, count)] = reasons.most_common(1)
    return f"{reasons.total()} of {tried} trials failed, {count} of them with: {reason}"
