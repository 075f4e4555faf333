"""Budgets: what ends a search before all its trials have. A new one is a file here, and a line in `make_budgets`.

Begin with base.py. All that they count is in the study: a resumed search has what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tuner.core.budgets import BudgetState
from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.search.budgets.base import Budget
from tuner.search.budgets.epochs import EpochBudget
from tuner.search.budgets.gpu_time import GpuBudget
from tuner.search.budgets.meter import Meter
from tuner.search.budgets.patience import Patience
from tuner.search.budgets.target import TargetScore
from tuner.search.budgets.wall_clock import TimeBudget
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import Scheduler
from tuner.search.study import Study
from tuner.search.study_reader import GPU_SPENT, SPENT, StudyReader

Spent = Callable[[], float]


def make_budgets(
    config: SweepConfig, records: Sequence[TrialRecord], scheduler: Scheduler, seconds: Spent, gpu_seconds: Spent
) -> list[Budget]:
    """The budgets of a sweep, as far as its trials have used them.

    Args:
        config: the sweep's.
        records: its trials.
        scheduler: says where trials wait.
        seconds: gives the seconds that the search has taken.
        gpu_seconds: gives the GPU-seconds that it has taken.
    """
    found: list[Budget] = []
    if config.target_score is not None:  # the first ones are named when several end the search at once
        found.append(TargetScore(config.target_score, config.goal))
    if config.epoch_budget is not None:
        found.append(EpochBudget(config.epoch_budget))
    if config.gpu_budget is not None:
        found.append(GpuBudget(config.gpu_budget, gpu_seconds))
    if config.time_budget is not None:
        found.append(TimeBudget(config.time_budget, seconds))
    if config.patience is not None:
        found.append(Patience(config.patience, scheduler))
    for budget in found:
        budget.begin(records)
    return found


def budget_states(
    config: SweepConfig, records: Sequence[TrialRecord], scheduler: Scheduler, seconds: float, gpu_seconds: float
) -> tuple[BudgetState, ...]:
    """What remains of each budget, for somebody who only looks. Arguments as for `make_budgets`."""
    return tuple(each.state for each in make_budgets(config, records, scheduler, lambda: seconds, lambda: gpu_seconds))


def states_in(config: SweepConfig, study: Study | StudyReader) -> tuple[BudgetState, ...]:
    """What remains of each budget of a sweep that does not run, by its study."""
    seconds, gpu_seconds = sum(study.spent()), sum(study.spent(GPU_SPENT))
    return budget_states(config, study.records(), make_scheduler(config), seconds, gpu_seconds)


class Budgets:
    """All budgets of a running search."""

    def __init__(self, config: SweepConfig, study: Study, scheduler: Scheduler) -> None:
        """The clocks begin to run. That of the GPUs also runs without a budget: one may be given later."""
        self._gpus = config.gpus_per_trial
        self._clock = Meter(study, SPENT) if config.time_budget is not None else None
        self._gpu_clock = Meter(study, GPU_SPENT) if config.gpus_per_trial else None
        clock = self._clock
        self._budgets = make_budgets(
            config,
            study.records(),
            scheduler,
            lambda: clock.advance() if clock else 0.0,
            lambda: self.gpu_seconds,
        )
        timed = bool(clock and clock.resumed)
        told = [each for each in self._budgets if (timed if each.name == TimeBudget.name else study.records())]
        self.begun = [each.begun for each in told]
        """For a resumed sweep, a line for each budget on what is left of it."""
        self._cut: Budget | None = None

    @property
    def gpu_seconds(self) -> float:
        """How many GPU-seconds the search has used."""
        return self._gpu_clock.total if self._gpu_clock else 0.0

    @property
    def over(self) -> bool:
        """Whether one of them is used up, so that no further epoch may start."""
        return self._cuts(next((each for each in self._budgets if each.over), None))

    def room(self, running: int) -> bool:
        """Whether one more epoch may start beside those of so many running trials."""
        return all(each.room(running) for each in self._budgets)

    def stops(self, others: int) -> bool:
        """Whether a running trial must stop after its epoch, with so many others that finish theirs."""
        return self.over or self._cuts(next((each for each in self._budgets if not each.room(others)), None))

    def _cuts(self, budget: Budget | None) -> bool:
        self._cut = self._cut or budget
        return budget is not None

    @property
    def ended_by(self) -> str:
        """The name of the budget that cut the search short first; empty while none has."""
        return self._cut.name if self._cut else ""

    @property
    def reason(self) -> str:
        """Why the trials that it stops have ended."""
        return self._cut.reason if self._cut else ""

    def note(self, record: TrialRecord) -> None:
        """A trial, as it is after a report or its end."""
        for each in self._budgets:
            each.note(record)

    def hold(self, running: int) -> int:
        """So many trials had a worker since the last call. Call it before their number changes. Returns it."""
        if self._gpu_clock:
            self._gpu_clock.advance(self._gpus * running)
        return running

    def store(self, *, now: bool = False) -> None:
        """Stores the time spent, every few seconds or `now`. Call it often."""
        if self._clock:
            self._clock.advance()
        for clock in (self._clock, self._gpu_clock):
            if clock:
                clock.store(now=now)
