"""What ends a trial but its scheduler, and when so many fail that the search ends. See `budgets` for its other ends."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuner.core.objective import PLAIN, Goal
from tuner.core.records import TrialRecord
from tuner.core.trial_report import TrialReport

LEAST_TRIED = 5  # with fewer trials, their share of failures says nothing
NO_REPORT = (
    "it came to its end and reported nothing: after each epoch a function calls trial.report(...), and a program "
    "prints a line of JSON"
)
EXPLODED = 1e6  # nats of mean cross-entropy: no training recovers from that


class End(NamedTuple):
    """How a trial ends."""

    state: str
    reason: str = ""
    infeasible: bool = False
    """Whether its parameters were the reason: see `StudyStore.tell`."""


def end_told(report: TrialReport, record: TrialRecord) -> End | None:
    """How a trial ends that reports this, as far as the report says it; None if it does not."""
    if report.error:
        return End("FAIL", report.error, report.out_of_memory)
    if report.ended:
        return End("COMPLETE") if record.values else End("FAIL", NO_REPORT)
    if report.measured and (broken := record.goal.broken(record.measured)):
        return End("PRUNED", broken)  # what is known before the first epoch says that it cannot win
    return None


def invalid_metrics(metrics: Mapping[str, float], goal: Goal = PLAIN) -> str:
    """What is wrong with an epoch's metrics; empty when nothing is. Of a user's own, those that decide must be good."""
    if goal.own:
        bad = (metric.name for metric in goal.metrics if not math.isfinite(metrics[metric.name]))
        return next((f"{name} is {metrics[name]}" for name in bad), "")
    for name in ("train_loss", "val_loss", goal.score):
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
