"""What is known of a trial and of a whole search, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tuner.core.exploit import Exploit
from tuner.core.objective import PLAIN, Goal
from tuner.core.rank import Rank

Value = bool | int | float | str
TrialKey = int | str
"""What tells the trainings of a sweep apart: see `TrialRecord.key`."""


def trial_seed(seed: int, number: int) -> int:
    """The seed of one trial of a sweep, for sampling its parameters and for its training."""
    return (seed * 1_000_003 + number) % 2**32


DEFAULT_TRIAL = 0
"""The number of the trial that has the default configuration, in a sweep that has one."""
STATE_WORDS = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
"""The one word for each state of a trial that has ended: in the terminal, in logs, in the report and in JSON."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What the study knows about a trial."""

    number: int
    state: str
    """RUNNING (also while it waits or is interrupted), COMPLETE, PRUNED or FAIL."""
    parameters: dict[str, Value]
    """By the names that models and training use; empty while they are being sampled. The last ones: see `exploits`."""
    values: dict[int, float]
    """What is followed from epoch to epoch (`Goal.watched`), by epoch, counted from 1. Finite."""
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
    kept: Mapping[int, int] = field(default_factory=dict)
    """By epoch, the one whose weights were kept until then. Earlier versions kept the best and did not note it."""
    halved: int = 0
    """The first epoch trained in half batches, because whole ones did not fit into memory; 0 if there was none."""
    confirms: int | None = None
    """The seed of a training that confirms a trial, see `core.confirmation`; None for a trial of the search."""
    refits: int | None = None
    """For a training on training and validation samples together, see `core.refit`: the trial that it repeats."""
    plan: str = ""
    """Of such trainings: the uid of their plan."""
    exploits: tuple[Exploit, ...] = ()
    """What it took over from other trials, the earliest first: see search/population.py."""
    live: bool = False
    """Whether a worker has it now."""
    goal: Goal = PLAIN
    """What trials of its sweep are compared by."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """Metrics that were measured once, before its first epoch: those of `Goal.before`."""
    measured_on: str = ""
    """What these were measured on."""

    @property
    def key(self) -> TrialKey:
        """The number of a trial of the search, `confirm-PLAN-NUMBER` for a training that confirms one, `refit-PLAN`."""
        if self.refits is not None:
            return f"refit-{self.plan}"
        if self.confirms is None:
            return self.number
        return "-".join(filter(None, ("confirm", self.plan, str(self.number))))

    def parameters_in(self, epoch: int) -> Mapping[str, Value]:
        """The parameters that it trained an epoch with."""
        return next((each.before for each in self.exploits if each.epoch >= epoch), self.parameters)

    @property
    def word(self) -> str:
        """Its state in one word: `done`, `pruned`, `failed`, `running`, or `waiting` (for a promotion or a resume)."""
        return STATE_WORDS.get(self.state) or ("running" if self.live else "waiting")

    @cached_property
    def epoch(self) -> int:
        """The last epoch reported, 0 before the first."""
        return max(self.values, default=0)

    @cached_property
    def best_epoch(self) -> int:
        """The epoch whose weights are kept: see `tuner.core.kept_epoch`. 0 before the first."""
        return self.best_epoch_until(self.epoch)

    @cached_property
    def best(self) -> Rank:
        """The rank of the epoch that is kept: trials are ordered by it."""
        return self.rank(self.best_epoch)

    def best_epoch_until(self, last: int) -> int:
        """The epoch whose weights would be kept if the trial had ended after the epoch `last`.

        Where none was noted, it is the one with the highest score, and of equals the one with the lowest loss.
        """
        first = max((each.epoch for each in self.exploits if each.epoch < last), default=0)  # other weights before it
        reached = [epoch for epoch in self.values if first < epoch <= last]
        if not reached:
            return 0
        noted = self.kept.get(max(reached), 0)
        return noted if noted in self.values else max(reached, key=lambda epoch: (*self.rank(epoch), -epoch))

    def rank_until(self, last: int) -> Rank | None:
        """How good the trial would be if it had ended after the epoch `last`; None if it has not come that far."""
        if not min(self.values, default=last + 1) <= last <= self.epoch:
            return None
        return self.rank(self.best_epoch_until(last))

    def rank(self, epoch: int) -> Rank:
        """How good the trial was after an epoch."""
        found = self._ranks.get(epoch)
        if found is None:
            values = self.outcome(epoch)
            found = Rank(-self.goal.violation(values), self.goal.gains(values), -values.get("val_loss", 0.0))
            self._ranks[epoch] = found
        return found

    @cached_property
    def _ranks(self) -> dict[int, Rank]:
        """Those that were asked for, by epoch: a search asks for each several times."""
        return {}

    def outcome(self, epoch: int) -> dict[str, float]:
        """All metrics of the trial after an epoch, by name; before the first (0), those that are measured before it."""
        watched = {self.goal.watched.name: self.values[epoch]} if epoch in self.values else {}
        return {**self.measured, **self.metrics.get(epoch, {}), **watched}

    @property
    def score(self) -> float:
        """What the first objective came to in the epoch that is kept."""
        return self.outcome(self.best_epoch)[self.goal.first.name]

    def score_text(self, epoch: int = 0) -> str:
        """What decides, in the epoch that is kept or in another one: `val_accuracy 0.9811, parameters 20,810`."""
        return self.goal.text(self.outcome(epoch or self.best_epoch))

    @property
    def latest(self) -> float:
        """The time of its last epoch, or of its start if it has none, in seconds since 1970."""
        return max([self.started, *(metrics["time"] for metrics in self.metrics.values())])

    @property
    def ranked(self) -> bool:
        """Whether it can be compared with others: it has a score, of weights that it still has, and did not fail."""
        gave_up = any(each.epoch == self.epoch for each in self.exploits)
        return bool(self.values) and not gave_up and self.state != "FAIL"

    @property
    def feasible(self) -> bool:
        """Whether it can be the best trial: it can be compared, and violates no constraint."""
        return self.ranked and self.best.feasible

    @property
    def ended(self) -> bool:
        """Whether the trial is over."""
        return self.state != "RUNNING"


def best_of(records: list[TrialRecord]) -> TrialRecord | None:
    """The trial whose kept epoch is the best; the first of equal ranks.

    A trial that failed, or violates a constraint, is never the best. Of several objectives the first one decides, among
    the trials that are complete if there are any: so it is on their Pareto front.
    """
    candidates = [record for record in records if record.feasible]
    return max(candidates, key=_standing, default=None)


def _standing(record: TrialRecord) -> tuple[bool, Rank, int]:
    return record.goal.several and record.state == "COMPLETE", record.best, -record.number
