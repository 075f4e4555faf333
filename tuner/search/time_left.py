"""How long a search still takes: what is left to train, at the speed that this run has had since its first epoch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.search.schedulers.base import Scheduler


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What is left to train between two rungs, before the first one, or after the last one."""

    running: tuple[tuple[TrialRecord, int], ...]
    """Trials on their way, each with the epochs that it has left in this stage."""
    coming: float
    """How many more trials are expected to begin it."""
    epochs: int
    """How many epochs each of these trains."""


def remaining_stages(
    config: SweepConfig, records: Sequence[TrialRecord], live: set[int], scheduler: Scheduler
) -> list[list[Stage]]:
    """What a sweep is expected to train from now on, by bracket. Arguments as for `seconds_left`."""
    brackets = scheduler.brackets(config.trials)
    members: dict[tuple[int, ...], list[TrialRecord]] = {rungs: [] for rungs in brackets}
    for record in records:
        members.setdefault(scheduler.rungs_of(record.number), []).append(record)
    return [
        _stages(found, live, scheduler, (0, *rungs, config.epochs), brackets.get(rungs, 0) - len(found))
        for rungs, found in members.items()
    ]


def _stages(
    records: Sequence[TrialRecord], live: set[int], scheduler: Scheduler, stops: Sequence[int], new: int
) -> list[Stage]:
    """Those of trials with the same rungs; so many new ones are to come."""
    stages: list[Stage] = []
    able = [record for record in records if record.state != "FAIL"]
    coming, arriving = float(new), 0.0
    for start, stop in pairwise(stops):
        begun = [r for r in able if r.epoch > start or (r.epoch == start and (r.number in live or start == 0))]
        if start:
            reached = sum(record.epoch >= start for record in able) + arriving
            coming = scheduler.going_on(reached, arriving, len(begun), rung=start)
        running = tuple((r, stop - r.epoch) for r in begun if r.epoch < stop and not r.ended)
        stages.append(Stage(running=running, coming=coming, epochs=stop - start))
        arriving = coming + len(running)
    return stages


def seconds_left(
    config: SweepConfig,
    records: Sequence[TrialRecord],
    live: set[int],
    began: float,
    now: float,
    scheduler: Scheduler,
) -> float | None:
    """Estimated seconds until the search ends; None until a worker has finished its second epoch.

    Between two reports it counts down. The time before the first report, in which workers start, does not count.

    Args:
        config: the sweep's.
        records: its trials.
        live: the numbers of the trials that a worker has.
        began: when this run of the sweep began, in seconds since 1970. Earlier epochs say nothing of its speed.
        now: seconds since 1970.
        scheduler: says after which epochs only a part of the trials continues, and how many.
    """
    times = [each["time"] for record in records for each in _epochs(record, began).values()]
    workers = min(config.concurrency, config.trials)
    if len(times) <= workers and all(len(_epochs(record, began)) < 2 for record in records):
        return None
    speed = _Speed(records, began, {0, *scheduler.rungs()})
    last, work, longest = max(times), 0.0, 0.0
    for stages in remaining_stages(config, records, live, scheduler):
        chain = 0.0
        for stage in stages:
            ahead = [0.0]
            for record, left in stage.running:
                since = last - max(record.latest, min(times)) if record.number in live else 0.0
                ahead.append(max(left * speed.epoch(record) - since, 0.0))
            each = stage.epochs * speed.mean(config.epochs - stage.epochs) + speed.start
            work += sum(ahead) + stage.coming * each
            if stage.coming >= 1:  # the last of them begins when the stage before has ended
                ahead.append(chain + each)
            chain = max(chain, *ahead)
        longest = max(longest, chain)
    uneven = longest * (1 - 1 / workers) / 2  # workers do not end together: half of the most that this can cost
    return max(0.0, max(work / workers + uneven, longest) - (now - last))


class _Speed:
    """What an epoch takes in this run, with what comes between two epochs: saving, reporting, waiting."""

    def __init__(self, records: Sequence[TrialRecord], began: float, stops: set[int]) -> None:
        found = {record.number: _epochs(record, began) for record in records}
        self._records = [record for record in records if found[record.number]]
        self._seconds = {n: fmean(e["epoch_seconds"] for e in epochs.values()) for n, epochs in found.items() if epochs}
        self._between = _typical(
            epochs[at]["time"] - epochs[at - 1]["time"] - epochs[at]["epoch_seconds"]
            for epochs in found.values()
            for at in epochs
            if at - 1 in epochs and at - 1 not in stops
        )
        first = min(epoch["time"] for epochs in found.values() for epoch in epochs.values())
        self.start = _typical(
            found[r.number][1]["time"] - r.started - found[r.number][1]["epoch_seconds"] - self._between
            for r in self._records
            if r.started >= first and 1 in found[r.number]
        )
        """Seconds that a trial takes to begin on a worker that is there already."""

    def epoch(self, record: TrialRecord) -> float:
        """Seconds of an epoch of this trial."""
        known = self._seconds.get(record.number)
        return self.mean(0) if known is None else known + self._between

    def mean(self, above: int) -> float:
        """Mean seconds of an epoch of a trial that trains more than `above` epochs."""
        chosen = [record for record in self._records if record.epoch > above] or self._records
        return fmean(self._seconds[record.number] for record in chosen) + self._between


def _epochs(record: TrialRecord, began: float) -> dict[int, dict[str, float]]:
    """The epochs of this run."""
    return {epoch: metrics for epoch, metrics in record.metrics.items() if metrics["time"] >= began}


def _typical(values: Iterable[float]) -> float:
    """The median, at least 0; 0 for none."""
    return max(0.0, median([*values] or [0.0]))
