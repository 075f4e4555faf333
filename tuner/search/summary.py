"""Counts, the best trial and the time left of a running search."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import replace

from tuner.core.config import SweepConfig
from tuner.core.earlier import first_of_length
from tuner.core.records import TrialRecord, best_of
from tuner.core.summary import Summary
from tuner.search.budgets import budget_states
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import expected_epochs
from tuner.search.schedulers.whole import WholeTrials
from tuner.search.time_left import seconds_left


def summarise(
    config: SweepConfig,
    records: list[TrialRecord],
    live: set[int],
    began: float | None,
    spent: float = 0.0,
    *,
    gpu_spent: float = 0.0,
    confirms: bool = False,
) -> Summary:
    """Counts the trials of a sweep.

    Args:
        config: the sweep's.
        records: its trials.
        live: the numbers of the trials that a worker has.
        began: when this run of the sweep began, in seconds since 1970; None when it does not run.
        spent: seconds of the time budget that earlier runs of the sweep used.
        gpu_spent: GPU-seconds that the search has used.
        confirms: whether these are trainings that confirm a trial, of which none is stopped early.
    """
    records = [replace(record, live=True) if record.number in live else record for record in records]
    states = Counter(record.word for record in records)
    epochs = sum(len(record.values) for record in records)
    scheduler = WholeTrials() if confirms else make_scheduler(config)
    finalists = [r for r in records if r.live and r.epoch >= max(scheduler.rungs_of(r.number), default=0)]
    certain = sum(config.epochs - record.epoch for record in finalists)
    first = first_of_length(config)
    before = sum(len(record.values) for record in records[:first])
    alike = make_scheduler(replace(config, default=False)) if first else scheduler  # the default was before these
    coming = expected_epochs(alike, config.trials - first, config.epochs)
    expected = max(before + coming, epochs + certain)
    running = 0.0 if began is None else max(0.0, time.time() - began)
    longest = replace(config, trials=config.trials - first)
    left = None if began is None else seconds_left(longest, records[first:], live, began, time.time(), alike)
    if config.epoch_budget is not None and expected > config.epoch_budget:
        share = max(0, config.epoch_budget - epochs) / max(1, expected - epochs)
        left, expected = None if left is None else left * share, max(epochs, config.epoch_budget)
    if began is not None and config.time_budget is not None:
        left = min(math.inf if left is None else left, max(0.0, config.time_budget - spent - running))
    return Summary(
        counts={**states, "queued": config.trials - len(records)},
        epochs=epochs,
        expected=expected,
        best=None if confirms else best_of(records),
        live=tuple(record for record in records if record.live),
        left=left,
        budgets=budget_states(config, records, scheduler, spent + running, gpu_spent),
        confirms=confirms,
    )
