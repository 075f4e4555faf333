"""A search space: called with an Optuna trial, it samples one point. See space_file.py for the file format."""

from __future__ import annotations

import math
import random
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

from tuner.core.records import Value
from tuner.core.several_models import MODEL
from tuner.search.relations import Relation, broken


class Draw(Protocol):
    """The part of `optuna.Trial` that a space needs."""

    def suggest_categorical(self, name: str, choices: list[Value]) -> Any: ...
    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int: ...
    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One line of a space: a list of choices (one choice is a constant) or a range, drawn when its parent allows."""

    name: str
    choices: tuple[Value, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None
    parent: str | None = None
    parent_values: tuple[Value, ...] = ()
    prior: Value | None = None
    """What a user believes to be good: first points are drawn near it, see samplers/prior.py."""
    model: str = ""
    """With several models in one space, the title of the one that it belongs to; empty for all of them."""
    version: int = 1
    """Which of the parameters of this name it is that Optuna can tell apart only by a name: see labels.py."""

    @property
    def alternative(self) -> str:
        """The name for people: alternatives of one parameter, such as sgd's lr and adam's, are told apart."""
        return f"{self.key} ({'|'.join(map(str, self.parent_values))})" if self.parent else self.key

    @property
    def key(self) -> str:
        """The name in a parsed space, and for `--set`: `lr`, or `cnn.lr` for that of one of several models."""
        return f"{self.model}.{self.name}" if self.model else self.name

    @property
    def label(self) -> str:
        """The name in the study."""
        return self.alternative if self.version == 1 else f"{self.alternative} #{self.version}"

    @property
    def extremes(self) -> tuple[Value, ...]:
        """Values to check: if they are valid, all values are."""
        return self.choices or (self.low, self.high)

    @property
    def whole(self) -> bool:
        """Whether it is a range of whole numbers: both ends are."""
        return not self.choices and isinstance(self.low, int) and isinstance(self.high, int)

    def place(self, value: Value) -> float:
        """Where a number lies in the range, or among choices that are numbers, from 0 to 1."""
        if self.choices:
            ordered = sorted(map(float, self.choices))
            return ordered.index(float(value)) / max(1, len(ordered) - 1)
        low, high, number = float(self.low), float(self.high), float(value)
        if self.log:
            low, high, number = math.log(low), math.log(high), math.log(number)
        return (number - low) / (high - low)

    def at(self, place: float) -> Value:
        """The number at a place of the range, from 0 to 1: the inverse of `place`."""
        low, high = float(self.low), float(self.high)
        number = low * (high / low) ** place if self.log else low + place * (high - low)
        if self.whole:
            step = int(self.step or 1)
            return min(int(self.high), max(int(self.low), int(self.low) + round((number - low) / step) * step))
        if self.step:
            number = low + round((number - low) / self.step) * self.step
        return min(high, max(low, number))

    def counted(self, value: Value) -> Value:
        """The value, or in a range with steps the number of its step."""
        return round((float(value) - self.low) / self.step) if self.step and not self.choices else value

    def middle(self) -> Value:
        """The prior, or else what `Middle` draws."""
        return self.draw(Middle()) if self.prior is None else self.prior

    def active(self, drawn: Mapping[str, Value]) -> bool:
        """Whether the parameter applies to what was drawn above it."""
        if self.model and drawn.get(MODEL) != self.model:
            return False
        return self.parent is None or drawn.get(self.parent) in self.parent_values

    def meets(self, other: Parameter) -> bool:
        """Whether a trial may have both: they are not of two models."""
        return not (self.model and other.model) or self.model == other.model

    def draw(self, trial: Draw) -> Value:
        """Draws a value; a constant asks nothing of the trial."""
        if len(self.choices) == 1:
            return self.choices[0]
        if self.choices:
            chosen: Value = trial.suggest_categorical(self.label, list(self.choices))
            return chosen
        if self.whole:
            low, high, step = int(self.low), int(self.high), int(self.step or 1)
            return trial.suggest_int(self.label, low, high, step=step, log=self.log)
        return trial.suggest_float(self.label, self.low, self.high, step=self.step, log=self.log)

    def __str__(self) -> str:
        values = ", ".join(map(str, self.choices)) or f"{self.low:g} .. {self.high:g}{' log' if self.log else ''}"
        step = f" step {self.step:g}" if self.step else ""
        when = f"   when {self.parent} = {' or '.join(map(str, self.parent_values))}" if self.parent else ""
        prior = "" if self.prior is None else f" prior {self.prior}"
        return values + step + prior + when


@dataclass(frozen=True)
class SearchSpace:
    """The parameters that a sweep varies, and the maximum number of epochs of a trial."""

    epochs: int
    parameters: tuple[Parameter, ...]
    start: tuple[dict[str, Value], ...] = ()
    """What is tried first: the parameters of trial 0, 1, ... See start_points.py."""
    models: tuple[str, ...] = ()
    """The titles of several models, each with its own parameters; empty for one."""
    relations: tuple[Relation, ...] = ()
    """What each point must fulfill: see relations.py."""

    def __call__(self, trial: Draw) -> dict[str, Value]:
        """Draws every active parameter, parents first."""
        drawn: dict[str, Value] = {}
        for parameter in self.parameters:
            if parameter.active(drawn):
                drawn[parameter.name] = parameter.draw(trial)
        return drawn

    def active(self, name: str, drawn: Mapping[str, Value]) -> Parameter | None:
        """The alternative of a parameter that a trial with these parameters has; None if it has none."""
        found = (each for each in self.parameters if each.name == name and each.active(drawn))
        return next(found, None) if name in drawn else None

    def broken(self, drawn: Mapping[str, Value]) -> Relation | None:
        """The first relation that a point breaks; None for a point that may be tried."""
        return broken(self.relations, drawn)

    def key(self, drawn: Mapping[str, Value]) -> Hashable:
        """What is equal for two points with the same values, whatever a range with steps has been rounded to."""
        return tuple(
            each.counted(drawn[each.name]) if each.name in drawn and each.active(drawn) else None
            for each in self.parameters
            if len(each.choices) != 1
        )


class Middle:
    """Draws the middle of every range, the middle of numbers to choose from, and the first of other choices."""

    def suggest_categorical(self, name: str, choices: list[Value]) -> Any:  # noqa: ARG002
        """The first that is no number, else the one in the middle."""
        return choices[len(choices) // 2] if all(map(is_number, choices)) else choices[0]

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number of steps above `low`."""
        middle = self.suggest_float(name, low, high, step=None, log=log)
        return min(high, max(low, low + round((middle - low) / step) * step))

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:  # noqa: ARG002
        """The geometric mean on a log scale. Rounded to three digits, or to a step."""
        middle = math.sqrt(low * high) if log else (low + high) / 2
        if step:
            return min(high, low + round((middle - low) / step) * step)
        return min(high, max(low, float(f"{middle:.3g}")))


class AtRandom:
    """Draws any value, as Optuna's random sampler does but in a fraction of its time."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def suggest_categorical(self, name: str, choices: list[Value]) -> Any:  # noqa: ARG002
        """One of them."""
        return self._rng.choice(choices)

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number of steps above `low`."""
        if not log:
            return self._rng.randrange(low, high + 1, step)
        return min(high, max(low, round(self.suggest_float(name, low - 0.5, high + 0.5, step=None, log=True))))

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:  # noqa: ARG002
        """A number of the range."""
        if step:
            return min(high, low + self._rng.randint(0, round((high - low) / step)) * step)
        if log:
            return min(high, max(low, math.exp(self._rng.uniform(math.log(low), math.log(high)))))
        return self._rng.uniform(low, high)


def is_number(value: Any) -> TypeGuard[int | float]:
    return type(value) in (int, float) and abs(value) < float("inf")


def is_value(value: Any) -> TypeGuard[Value]:
    return isinstance(value, str | bool) or is_number(value)
