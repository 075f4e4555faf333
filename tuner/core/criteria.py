"""One objective of a sweep, or one constraint on what a trial comes to, and how each is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite

from tuner.core.errors import TunerError, unknown
from tuner.core.metric import DIRECTIONS, METRICS, Metric, check_metric_name, metric_of, metrics_for
from tuner.core.target_kind import TargetKind

OPTION, CONSTRAINT_OPTION = "--objective", "--constraint"
_OF_PARAMETERS = "; a relation between hyperparameters is given with --constrain"


@dataclass(frozen=True)
class Objective:
    """A metric, and which of its values are better."""

    name: str
    direction: str
    own: bool = False
    """Whether it is reported by a user's own code, under any name."""

    @property
    def metric(self) -> Metric:
        """What is compared."""
        return metric_of(self.name, own=self.own)

    def gain(self, value: float) -> float:
        """A number that is larger the better the value is."""
        return value if self.direction == "max" else -value

    def __str__(self) -> str:
        """As it is given on the command line: `val_loss:min`."""
        return f"{self.name}:{self.direction}"


@dataclass(frozen=True)
class Constraint:
    """A bound on a metric. A trial beyond it cannot win."""

    name: str
    sign: str
    """`<=` or `>=`."""
    bound: float
    own: bool = False
    """See Objective."""

    @property
    def metric(self) -> Metric:
        """What is bounded."""
        return metric_of(self.name, own=self.own)

    def violation(self, value: float) -> float:
        """How far a value is beyond the bound, as a share of the bound; 0 for one that is not.

        >>> Constraint("parameters", "<=", 200).violation(300), Constraint("val_accuracy", ">=", 0.9).violation(0.95)
        (0.5, 0.0)
        """
        return max(0.0, self.excess(value))

    def excess(self, value: float) -> float:
        """The same, but negative for a value within the bound: as Optuna takes constraints."""
        beyond = value - self.bound if self.sign == "<=" else self.bound - value
        return beyond / (abs(self.bound) or 1.0)

    @property
    def words(self) -> str:
        """The bound for people: `at most 300,000`."""
        return f"{'at most' if self.sign == '<=' else 'at least'} {self.metric.text(self.bound)}"

    def __str__(self) -> str:
        """As it is given on the command line: `parameters<=300000`."""
        return f"{self.name}{self.sign}{self.bound:.15g}"


def parse_objective(text: str, *, own: bool, kind: TargetKind | None) -> Objective:
    """Of `val_loss:min`, or of a metric alone. See Goal.parse for the rest, and for errors."""
    name, colon, direction = text.partition(":")
    if own:
        check_metric_name(name, OPTION)
        if direction not in DIRECTIONS:
            raise TunerError(f"{OPTION} {text}: say which values are better: {name}:min or {name}:max")
        return Objective(name, direction, own)
    _check_known(name, OPTION, kind)
    if colon and direction not in DIRECTIONS:
        raise unknown(f"direction of {OPTION} {name}", direction, DIRECTIONS)
    return Objective(name, direction or METRICS[name].direction)


def _check_known(name: str, option: str, kind: TargetKind | None) -> None:
    """Raises TunerError for what is no metric, or is none of this kind of target."""
    if name not in METRICS:
        raise unknown(f"{option} metric", name, METRICS if kind is None else metrics_for(kind))
    other = METRICS[name].kind
    if kind and other and other != kind:
        choices = ", ".join(metrics_for(kind))
        raise TunerError(f"{option} {name}: that is for {other.task}, and this is {kind.task}: choose one of {choices}")


def parse_constraint(text: str, *, own: bool, kind: TargetKind | None) -> Constraint:
    """Of `parameters<=300000`. See Goal.parse for the rest, and for errors."""
    name, sign, bound = (*re.split(r"\s*(<=|>=)\s*", text, maxsplit=1), "", "")[:3]
    if not sign:
        raise TunerError(
            f"{CONSTRAINT_OPTION} '{text}': write a metric, <= or >=, and a number: parameters<=300000{_OF_PARAMETERS}"
        )
    if own:
        check_metric_name(name, CONSTRAINT_OPTION)
    elif name not in METRICS:
        raise TunerError(f"{unknown(f'{CONSTRAINT_OPTION} metric', name, METRICS)}{_OF_PARAMETERS}")
    else:
        _check_known(name, CONSTRAINT_OPTION, kind)
    try:
        number = float(bound.replace("_", ""))
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise TunerError(f"{CONSTRAINT_OPTION} '{text}': '{bound}' is not a number")
    return Constraint(name, sign, number, own)
