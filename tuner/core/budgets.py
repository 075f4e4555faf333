"""Budgets of a search: the first that is used up ends it. How they are asked for, and how far they are used."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

from tuner.core.errors import TunerError
from tuner.core.objective import Goal
from tuner.core.units import short_seconds

TRIALS_ENDED, STOPPED, FAILURES, EXHAUSTED = "trials", "stop", "failures", "space"
"""What else ends a search: all its trials have ended, `tuner stop`, too many failures, each point was tried."""


@dataclass(frozen=True, kw_only=True)
class BudgetRequest:
    """Budgets beside trials and time, as asked for. Each field is one of SweepConfig, too; None is no limit."""

    epoch_budget: int | None = None
    """How many epochs all trials may train together."""
    gpu_budget: float | None = None
    """GPU-seconds: the sum over all trials of their GPUs times the seconds that they hold them."""
    target_score: float | None = None
    """What is good enough: the first objective in a trial's kept epoch."""
    patience: int | None = None
    """After how many trials without a better score the search ends."""

    def check(self) -> None:
        """Raises TunerError for an impossible value."""
        for option in ("epoch_budget", "patience"):
            value = getattr(self, option)
            if value is not None and value < 1:
                raise TunerError(f"{option_of(option)} must be at least 1, got {value}")
        if self.target_score is not None and not isfinite(self.target_score):
            raise TunerError(f"--target-score {self.target_score:g}: give a number, such as 0.98")

    def check_target(self, goal: Goal, name: str = "") -> None:
        """Raises TunerError for a score that the first objective cannot have; `name` is what to call it instead."""
        target, first = self.target_score, goal.first.metric
        if target is None or goal.own:
            return
        name = name or first.name
        if first.share and not 0 < target <= 1:
            raise TunerError(f"--target-score {target:g}: give a {name} above 0 and at most 1, such as 0.98")
        if target <= 0:
            raise TunerError(f"--target-score {target:g}: give a {name} above 0")

    def given(self) -> dict[str, Any]:
        """The fields that are asked for."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def words(self) -> list[str]:
        """The request as options of a command line."""
        return [word for name, value in self.given().items() for word in (option_of(name), _written(name, value))]


def check_gpus_for(asked: BudgetRequest, gpus_per_trial: float) -> None:
    """Raises TunerError for a budget of GPUs where trials have none."""
    if asked.gpu_budget is not None and not gpus_per_trial:
        raise TunerError("--gpu-budget: the trials of this sweep train on CPUs: give --time-budget or --epoch-budget")


NOTHING_ASKED = BudgetRequest()
BUDGETS = tuple(each.name for each in fields(BudgetRequest))
NO_BUDGETS: dict[str, Any] = dict.fromkeys(("time_budget", *BUDGETS))
"""The fields of a SweepConfig without any budget but its trials."""


@dataclass(frozen=True, kw_only=True)
class BudgetState:
    """How far a budget is used."""

    name: str
    """The field of SweepConfig that sets it."""
    limit: float
    """Seconds, GPU-seconds, epochs, a score or a number of trials."""
    left: float | None
    """What remains, in the same unit; for a score, how much it has to grow, and None before the first one."""
    text: str
    """The same for people: `120 of 200 epochs left`."""
    more: str = ""
    """What `tuner resume` needs to go on when it is used up: `--epoch-budget 400`; empty while it is not."""

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "name"}

    @classmethod
    def from_json(cls, name: str, raw: dict[str, Any]) -> BudgetState:
        """The reverse of `to_json`."""
        return cls(name=name, **raw)


def option_of(name: str) -> str:
    """The option that sets a field.

    >>> option_of("epoch_budget")
    '--epoch-budget'
    """
    return f"--{name.replace('_', '-')}"


def _written(name: str, value: float) -> str:
    return short_seconds(value) if name == "gpu_budget" else f"{value}"
