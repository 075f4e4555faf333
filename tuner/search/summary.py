"""Counts, the best trial and the time left of a running search."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

from tuner.core.config import SweepConfig
from tuner.core.records import Summary, TrialRecord, best_of
from tuner.search.schedulers.asha import expected_epochs, rungs


def summarise(
    config: SweepConfig, records: list[TrialRecord], live: set[int], began: float | None, spent: float = 0.0
) -> Summary:
    """Counts the trials of a sweep.

    Args:
        config: the sweep's.
        records: its trials.
        live: the numbers of the trials that a worker has.
        began: when this run of the sweep began, in seconds since 1970; None when it does not run.
        spent: seconds of the time budget that earlier runs of the sweep used.
    """
    records = [replace(record, live=record.number in live) for record in records]
    states = Counter(record.word for record in records)
    epochs = sum(len(record.values) for record in records)
    finalists = [r for r in records if r.live and r.epoch >= max(rungs(config.epochs), default=0)]
    certain = sum(config.epochs - record.epoch for record in finalists)
    expected = expected_epochs(config.trials, config.epochs, workers=config.concurrency)
    expected = max(expected, epochs + certain)
    return Summary(
        counts={**states, "queued": config.trials - len(records)},
        epochs=epochs,
        expected=expected,
        best=best_of(records),
        live=tuple(record for record in records if record.live),
        left=None if began is None else _seconds_left(config, records, expected - epochs, began, spent),
    )


def _seconds_left(
    config: SweepConfig, records: list[TrialRecord], epochs: int, began: float, spent: float
) -> float | None:
    """Estimated from the speed of this run: epochs of earlier runs of a resumed sweep took no time in it."""
    elapsed = max(0.0, time.time() - began)
    trained = sum(metrics["time"] >= began for record in records for metrics in record.metrics.values())
    left = max(0.0, epochs * elapsed / trained) if trained else None
    if config.time_budget is None:
        return left
    budget = max(0.0, config.time_budget - spent - elapsed)
    return budget if left is None else min(left, budget)
