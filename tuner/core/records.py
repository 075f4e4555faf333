"""What is known of a trial and of a whole search, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tuner.core.units import counted

Value = bool | int | float | str


def trial_seed(seed: int, number: int) -> int:
    """The seed of one trial of a sweep, for sampling its parameters and for its training."""
    return (seed * 1_000_003 + number) % 2**32


SCORE = "val_accuracy"
STATE_WORDS = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
"""The one word for each state of a trial that has ended: in the terminal, in logs, in the report and in JSON."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What the study knows about a trial."""

    number: int
    state: str
    """RUNNING (also while it waits or is interrupted), COMPLETE, PRUNED or FAIL."""
    parameters: dict[str, Value]
    """By the names that models and training use; empty while they are being sampled."""
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
    """The seed of its training; None before its first epoch."""
    conditions: tuple[tuple[int, Mapping[str, str | int]], ...] = ()
    """See `reproducibility.Conditions`: those that it was trained under, each with the first epoch that was."""
    halved: int = 0
    """The first epoch trained in half batches, because whole ones did not fit into memory; 0 if there was none."""
    live: bool = False
    """Whether a worker has it now."""

    @property
    def word(self) -> str:
        """Its state in one word: `done`, `pruned`, `failed`, `running`, or `waiting` (for a promotion or a resume)."""
        return STATE_WORDS.get(self.state) or ("running" if self.live else "waiting")

    @property
    def epoch(self) -> int:
        """The last epoch reported, 0 before the first."""
        return max(self.values, default=0)

    @property
    def best_epoch(self) -> int:
        """The epoch with the highest score; among equals, the one with the lowest validation loss."""
        return max(self.values, key=lambda epoch: (self.values[epoch], -self.metrics[epoch]["val_loss"], -epoch))

    @property
    def best(self) -> tuple[float, float]:
        """Score and negative validation loss of the best epoch: trials are ranked by it."""
        epoch = self.best_epoch
        return self.values[epoch], -self.metrics[epoch]["val_loss"]

    @property
    def latest(self) -> float:
        """The time of its last epoch, or of its start if it has none, in seconds since 1970."""
        return max([self.started, *(metrics["time"] for metrics in self.metrics.values())])

    @property
    def ended(self) -> bool:
        """Whether the trial is over."""
        return self.state != "RUNNING"


def best_of(records: list[TrialRecord]) -> TrialRecord | None:
    """The record with the best epoch; the first of equals. A failed trial is never the best."""
    candidates = [record for record in records if record.values and record.state != "FAIL"]
    return max(candidates, key=lambda record: (record.best, -record.number), default=None)


@dataclass(frozen=True, kw_only=True)
class TrialReport:
    """What a trial tells after an epoch, or when it cannot continue."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    """By name: `epoch` (from 1), the score, the losses and others. Empty when it could not continue."""
    seed: int | None = None
    """Of its training."""
    conditions: Mapping[str, str | int] | None = None
    """See `reproducibility.Conditions`."""
    halved: int = 0
    """The first epoch that was trained half a batch at a time; 0 for none."""
    notes: tuple[str, ...] = ()
    """What a user should know, a line each."""
    node: str = ""
    """Where it runs on a cluster."""
    error: str = ""
    """Why it failed, in one line; empty when it did not."""
    details: str = ""
    """More about the error, such as a traceback."""
    out_of_memory: bool = False
    """Whether it failed because memory ran out."""
    unsaved: str = ""
    """Why a checkpoint that is needed could not be written. That is no fault of the trial's."""

    @property
    def epoch(self) -> int:
        """The epoch that ended; 0 for a failure."""
        return int(self.metrics.get("epoch", 0))


Report = Callable[[TrialReport], None]
"""What a trial calls with each report. It raises SystemExit when the trial is to stop."""

STATES = ("done", "running", "waiting", "pruned", "failed", "queued")
"""All states that a sweep's trials are counted by, in the order in which they are shown."""


def count_states(counts: Mapping[str, int]) -> str:
    """`2 done, 1 running, ...`: the states of STATES that occur, in that order."""
    return ", ".join(f"{counts[name]} {name}" for name in STATES if counts.get(name))


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The progress of a sweep."""

    counts: Mapping[str, int]
    """Trials by STATES: `waiting` ones wait for a promotion or a resume, `queued` ones have not begun."""
    epochs: int
    expected: int
    """Epochs of the whole sweep, if every rung promotes its share."""
    best: TrialRecord | None
    live: tuple[TrialRecord, ...]
    left: float | None
    """Estimated seconds until its end; None when that is not known yet."""

    def states(self) -> str:
        """`16 trials: 2 done, 1 running, ...`, with all states that occur."""
        return f"{counted(sum(self.counts.values()), 'trial')}: {self.by_state()}"

    def by_state(self) -> str:
        """`2 done, 1 running, ...`."""
        return count_states(self.counts)
