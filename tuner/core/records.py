"""What is known of a trial and of a whole search, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tuner.core.config import SweepConfig
from tuner.core.units import counted
from tuner.search.schedulers.asha import expected_epochs, rungs
from tuner.search.summary import _left

Value = bool | int | float | str


def trial_seed(seed: int, number: int) -> int:
    """The seed of one trial of a sweep: of what is drawn for it, and of its training."""
    return (seed * 1_000_003 + number) % 2**32


SCORE = "val_accuracy"


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What the study knows of a trial."""

    number: int
    state: str
    """RUNNING (also when it waits or was interrupted), COMPLETE, PRUNED or FAIL."""
    parameters: dict[str, Value]
    """By the names that models and training use; empty while they are being drawn."""
    values: dict[int, float]
    """Score by epoch, counted from 1. Finite."""
    metrics: dict[int, dict[str, float]]
    """All metrics by epoch, with the `time` of the report in seconds since 1970."""
    reason: str
    """Why it was pruned or failed."""
    started: float
    """Seconds since 1970."""
    finished: float | None
    """Seconds since 1970; None while it is RUNNING. For a pruned trial, the time of its last epoch."""
    nodes: tuple[tuple[int, str], ...] = ()
    """On a cluster: the nodes that it has run on, each with the first epoch that it trained there."""
    seed: int | None = None
    """Of its training; None before its first epoch."""
    conditions: tuple[tuple[int, Mapping[str, str | int]], ...] = ()
    """See `conditions.Conditions`: those that it was trained under, each with the first epoch that was."""
    halved: int = 0
    """The first epoch whose batches were trained half at a time, since the whole ones did not fit; 0 if none was."""

    @property
    def epoch(self) -> int:
        """The last epoch reported, 0 before the first."""
        return max(self.values, default=0)

    @property
    def best_epoch(self) -> int:
        """The epoch of the highest score; of equal ones that with the lowest validation loss."""
        return max(self.values, key=lambda epoch: (self.values[epoch], -self.metrics[epoch]["val_loss"], -epoch))

    @property
    def best(self) -> tuple[float, float]:
        """Score and negative validation loss of the best epoch: trials are ranked by it."""
        epoch = self.best_epoch
        return self.values[epoch], -self.metrics[epoch]["val_loss"]

    @property
    def latest(self) -> float:
        """When it was last heard of: its last epoch, or else its begin, in seconds since 1970."""
        return max([self.started, *(metrics["time"] for metrics in self.metrics.values())])

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state != "RUNNING"


def best_of(records: list[TrialRecord]) -> TrialRecord | None:
    """The record with the best epoch; the first of equals. A failed trial is never the best."""
    candidates = [record for record in records if record.values and record.state != "FAIL"]
    return max(candidates, key=lambda record: (record.best, -record.number), default=None)


_ORDER = ("done", "running", "waiting", "pruned", "failed", "left")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Where a sweep stands."""

    counts: Mapping[str, int]
    """Trials that are `done`, `running`, `waiting` to be continued or pruned, `pruned`, `failed`, and those `left`,
    which have not started."""
    epochs: int
    expected: int
    """Epochs of the whole sweep, if every rung sends on its share."""
    best: TrialRecord | None
    live: tuple[TrialRecord, ...]
    left: float | None
    """Seconds that it will go on; None when that is not known yet."""

    @classmethod
    def of(
        cls, config: SweepConfig, records: list[TrialRecord], live: set[int], began: float | None, spent: float = 0.0
    ) -> Self:
        """Counts the study's records.

        `began` is when this run of the sweep did, in seconds since 1970, if it runs; `spent` are the seconds of its
        time budget that earlier runs had.
        """
        names = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
        states = Counter(names.get(r.state) or ("running" if r.number in live else "waiting") for r in records)
        epochs = sum(len(record.values) for record in records)
        finalists = [r for r in records if r.number in live and r.epoch >= max(rungs(config.epochs), default=0)]
        certain = sum(config.epochs - record.epoch for record in finalists)
        expected = expected_epochs(config.trials, config.epochs, workers=config.concurrency)
        expected = max(expected, epochs + certain)
        return cls(
            counts={**states, "left": config.trials - len(records)},
            epochs=epochs,
            expected=expected,
            best=best_of(records),
            live=tuple(record for record in records if record.number in live),
            left=None if began is None else _left(config, records, expected - epochs, began, spent),
        )

    def states(self) -> str:
        """`16 trials: 2 done, 1 running, ...`, all that there are."""
        return f"{counted(sum(self.counts.values()), 'trial')}: {self.by_state()}"

    def by_state(self) -> str:
        """`2 done, 1 running, ...`."""
        labels = {"left": "not started"}
        parts = [f"{self.counts[name]} {labels.get(name, name)}" for name in _ORDER if self.counts.get(name)]
        return ", ".join(parts)
