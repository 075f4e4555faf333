"""What "better" means in a sweep: its objectives, and the constraints on what a trial comes to.

It is written here once. All that compares trials or epochs, or shows by what they are compared, asks a Goal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

from tuner.core.criteria import CONSTRAINT_OPTION, OPTION, Constraint, Objective, parse_constraint, parse_objective
from tuner.core.errors import TunerError
from tuner.core.metric import BEFORE, METRICS, Metric
from tuner.core.target_kind import CLASSES, TASKS, TargetKind

__all__ = ["BEFORE", "METRICS", "PLAIN", "Constraint", "Goal", "Metric", "Objective", "plain_goal"]
MOST_OBJECTIVES = 2


@dataclass(frozen=True)
class Goal:
    """The objectives of a sweep, the first one first, and its constraints."""

    objectives: tuple[Objective, ...] = (Objective(CLASSES.val_score, "max"),)
    constraints: tuple[Constraint, ...] = ()
    task: str = CLASSES.task
    """What is predicted: one of TASKS."""

    @classmethod
    def parse(
        cls, objective: str | None, constraint: str = "", *, own: bool = False, task: str | None = CLASSES.task
    ) -> Goal:
        """The goal that is meant by `val_loss:min,parameters` and `parameters<=300000,latency_ms<=2`.

        Without an objective it is the score of the task. With `own` its metrics are those of a user's own code, of any
        name; then the direction must be given. While the `task` is not known yet, all metrics are taken.

        Raises:
            TunerError: with the option, and the valid names or directions.
        """
        kind = None if task is None or own else TASKS[task]
        objective = objective or (kind or CLASSES).val_score
        objectives = tuple(parse_objective(text.strip(), own=own, kind=kind) for text in objective.split(","))
        names = [each.name for each in objectives]
        if len(names) > MOST_OBJECTIVES:
            raise TunerError(f"{OPTION} {objective}: give at most {MOST_OBJECTIVES} objectives, got {len(names)}")
        if len(set(names)) < len(names):
            raise TunerError(f"{OPTION} {objective}: {names[0]} is given twice")
        bounds = [text.strip() for text in constraint.split(",") if text.strip()]
        constraints = tuple(parse_constraint(text, own=own, kind=kind) for text in bounds)
        return cls(objectives, constraints, task or CLASSES.task)

    @property
    def kind(self) -> TargetKind:
        """Of the target."""
        return TASKS[self.task]

    @property
    def score(self) -> str:
        """The metric of validation that champions and comparisons go by, whatever the objective is."""
        return self.kind.val_score

    @property
    def first(self) -> Objective:
        """The objective that decides which trial is the winner."""
        return self.objectives[0]

    @property
    def several(self) -> bool:
        """Whether trials are compared by more than one objective."""
        return len(self.objectives) > 1

    @property
    def own(self) -> bool:
        """Whether its metrics are those of a user's own code."""
        return self.first.own

    @property
    def by_score(self) -> bool:
        """Whether trials are compared by the score of their task alone, as far as they violate no constraint."""
        return not self.own and self.objectives == (self._plain,)

    @property
    def by_accuracy(self) -> bool:
        """The same where that is the validation accuracy: a share of the samples, with the noise of one."""
        return self.by_score and self.kind is CLASSES

    @property
    def plain(self) -> bool:
        """Whether it is what a sweep does unless a user says otherwise: the highest score on validation samples."""
        return self.by_score and not self.constraints

    @property
    def _plain(self) -> Objective:
        return Objective(self.score, "max")

    @cached_property
    def watched(self) -> Objective:
        """What is followed from epoch to epoch: the first objective that an epoch changes, else the task's score."""
        return next((each for each in self.objectives if not each.metric.before), self._plain)

    @property
    def of_epochs(self) -> Goal:
        """The part of it that decides which epoch of a training is kept."""
        return Goal((self.watched,), tuple(each for each in self.constraints if not each.metric.before), self.task)

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of the objectives, then those that only constraints name, each once."""
        of_objectives = [each.metric for each in self.objectives]
        return tuple(dict.fromkeys([*of_objectives, *(each.metric for each in self.constraints)]))

    @cached_property
    def before(self) -> tuple[str, ...]:
        """The names of those that are measured before a trial's first epoch."""
        return tuple(metric.name for metric in self.metrics if metric.before)

    def gains(self, values: Mapping[str, float]) -> tuple[float, ...]:
        """What the objectives come to, the larger the better. `values` are those of all metrics, by name."""
        return tuple(each.gain(values[each.name]) for each in self.objectives)

    def violation(self, values: Mapping[str, float]) -> float:
        """The sum of all violations; 0 for a trial that may win. Metrics that are not among `values` do not count."""
        return sum(each.violation(values[each.name]) for each in self.constraints if each.name in values)

    def broken(self, values: Mapping[str, float]) -> str:
        """Which constraints these values violate: `parameters 1,200,000 (must be at most 300,000)`. Empty for none."""
        found = (each for each in self.constraints if each.name in values and each.violation(values[each.name]) > 0)
        return ", ".join(f"{each.name} {each.metric.text(values[each.name])} (must be {each.words})" for each in found)

    def finite(self, values: Mapping[str, float]) -> bool:
        """Whether no value that decides is NaN or infinite."""
        return all(isfinite(values[metric.name]) for metric in self.metrics if metric.name in values)

    def text(self, values: Mapping[str, float]) -> str:
        """The values that decide, for people: `val_accuracy 0.9811, parameters 20,810`."""
        known = (metric for metric in self.metrics if metric.name in values)
        return ", ".join(f"{metric.name} {metric.text(values[metric.name])}" for metric in known)

    @property
    def objective_text(self) -> str:
        """As on the command line: `val_accuracy:max,parameters:min`."""
        return ",".join(map(str, self.objectives))

    @property
    def constraint_text(self) -> str:
        """As on the command line: `parameters<=300000`; empty without any."""
        return ",".join(map(str, self.constraints))

    def words(self) -> list[str]:
        """The options that give this goal; none for what a sweep does anyway."""
        words = [] if self.by_score else _options(OPTION, self.objectives)
        return [*words, *_options(CONSTRAINT_OPTION, self.constraints)]


PLAIN = Goal()


def plain_goal(task: str) -> Goal:
    """What a sweep of this task does unless a user says otherwise."""
    return Goal.parse(None, task=task)


def _options(option: str, values: Iterable[object]) -> list[str]:
    return [word for value in values for word in (option, str(value))]
