"""A search space: read from TOML, checked line by line, and called with an Optuna trial to draw one point of it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeGuard

from tuner.errors import TunerError

Value = bool | int | float | str
LARGEST = 2**53  # a float holds all whole numbers up to here
MOST_EPOCHS = 1_000_000
MOST_CHARACTERS = 32_000  # of a file, since what reads TOML takes quadratic time for some texts
_KEYS = {"choices", "low", "high", "log", "step", "when"}


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

    @property
    def label(self) -> str:
        """The name in the study: alternatives of one parameter, such as sgd's lr and adam's, are told apart."""
        return f"{self.name} ({'|'.join(map(str, self.parent_values))})" if self.parent else self.name

    @property
    def extremes(self) -> tuple[Value, ...]:
        """Values whose validity stands for that of all."""
        return self.choices or (self.low, self.high)

    def active(self, drawn: Mapping[str, Value]) -> bool:
        """Whether the parameter applies to what was drawn above it."""
        return self.parent is None or drawn.get(self.parent) in self.parent_values

    def draw(self, trial: Draw) -> Value:
        """Draws a value; a constant asks nothing of the trial."""
        if len(self.choices) == 1:
            return self.choices[0]
        if self.choices:
            chosen: Value = trial.suggest_categorical(self.label, list(self.choices))
            return chosen
        if isinstance(self.low, int) and isinstance(self.high, int):
            step = int(self.step or 1)
            return trial.suggest_int(self.label, self.low, self.high, step=step, log=self.log)
        return trial.suggest_float(self.label, self.low, self.high, step=self.step, log=self.log)

    def __str__(self) -> str:
        values = ", ".join(map(str, self.choices)) or f"{self.low:g} .. {self.high:g}{' log' if self.log else ''}"
        step = f" step {self.step:g}" if self.step else ""
        when = f"   when {self.parent} = {' or '.join(map(str, self.parent_values))}" if self.parent else ""
        return values + step + when


@dataclass(frozen=True)
class SearchSpace:
    """What a sweep may vary, and the most epochs that a trial may train."""

    epochs: int
    parameters: tuple[Parameter, ...]

    def __call__(self, trial: Draw) -> dict[str, Value]:
        """Draws every active parameter, parents first."""
        drawn: dict[str, Value] = {}
        for parameter in self.parameters:
            if parameter.active(drawn):
                drawn[parameter.name] = parameter.draw(trial)
        return drawn


class Middle:
    """Draws the middle of every range, the middle of numbers to choose from, and the first of other choices."""

    def suggest_categorical(self, name: str, choices: list[Value]) -> Any:  # noqa: ARG002
        """The first that is no number, else the one in the middle."""
        return choices[len(choices) // 2] if all(map(_is_number, choices)) else choices[0]

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number of steps above `low`."""
        middle = self.suggest_float(name, low, high, step=None, log=log)
        return min(high, max(low, low + round((middle - low) / step) * step))

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:  # noqa: ARG002
        """The geometric mean on a log scale, rounded to three digits."""
        middle = math.sqrt(low * high) if log else (low + high) / 2
        return min(high, max(low, float(f"{middle:.3g}")))


def read_toml(text: str, source: str) -> dict[str, Any]:
    """Parses TOML. Raises TunerError naming `source`, the line and the reason."""
    if len(text) > MOST_CHARACTERS:
        raise TunerError(f"{source}: more than {MOST_CHARACTERS:,} characters are no search space")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TunerError(f"{source}: not valid TOML: brackets within brackets within brackets") from None
    except ValueError as error:  # TOMLDecodeError, and Python's own for a number of thousands of digits
        raise TunerError(f"{source}: not valid TOML: {error}") from None


def read_file(file: Path) -> dict[str, Any]:
    """The parsed file of a search space. Raises TunerError naming it, and the reason why it cannot be read."""
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise TunerError(f"--space {file}: {reason}") from None
    return read_toml(text, str(file))


def parse_space(raw: Mapping[str, Any], source: str, *, narrowed: bool = False) -> SearchSpace:
    """Checks a parsed TOML document and makes a space of it.

    In a `narrowed` one, choices may have been taken away, and with them the only reason for some alternatives.

    Raises:
        TunerError: with the file `source`, the key and the reason.
    """
    for key in raw:
        if key not in ("epochs", "params"):
            raise TunerError(f"{source}: unknown key '{key}': a search space has epochs and [params]")
        _check_sizes(raw[key], f"{source}: {key}")
    epochs = raw.get("epochs")
    if type(epochs) is not int or epochs < 1:
        raise TunerError(f"{source}: epochs: must be a whole number of at least 1, got {epochs!r}")
    if epochs > MOST_EPOCHS:
        raise TunerError(f"{source}: epochs: must be at most {MOST_EPOCHS}")
    params = raw.get("params")
    if not isinstance(params, dict) or not params:
        raise TunerError(f"{source}: [params] is missing or empty")
    parameters: list[Parameter] = []
    for name, entry in params.items():
        for alternative in _alternatives(name, entry, source):
            _check_parent(alternative, parameters, source, narrowed=narrowed)
            parameters.append(alternative)
        if isinstance(entry, list) and not narrowed:
            _check_covered(name, parameters, source)
    return SearchSpace(epochs, tuple(parameters))


def _alternatives(name: str, entry: Any, source: str) -> list[Parameter]:
    if not isinstance(entry, list):
        return [_parameter(name, entry, source)]
    alternatives = [_parameter(name, table, source) for table in entry]
    if not alternatives:
        raise TunerError(f"{source}: params.{name}: an empty list: give a value, a range or choices = [...]")
    covered: set[Value] = set()
    for alternative in alternatives:
        if alternative.parent is None:
            raise TunerError(f"{source}: params.{name}: write choices = [...], or give each alternative a 'when'")
        if alternative.parent != alternatives[0].parent:
            raise TunerError(f"{source}: params.{name}: all alternatives must depend on the same parameter")
        for value in alternative.parent_values:
            if value in covered:
                raise TunerError(f"{source}: params.{name}: two alternatives apply when {alternative.parent} = {value}")
            covered.add(value)
    return alternatives


def _parameter(name: str, entry: Any, source: str) -> Parameter:
    where = f"{source}: params.{name}"
    if _is_value(entry):
        return Parameter(name=name, choices=(entry,))
    if not isinstance(entry, dict):
        raise TunerError(f"{where}: must be a value, {{ choices = [...] }} or {{ low = ..., high = ... }}")
    for key in entry:
        if key not in _KEYS:
            raise TunerError(f"{where}.{key}: unknown key: choose one of {', '.join(sorted(_KEYS))}")
    parent, parent_values = _when(entry.get("when"), where)
    if "choices" in entry:
        return Parameter(name=name, choices=_choices(entry, where), parent=parent, parent_values=parent_values)
    low, high, log, step = _range(entry, where)
    return Parameter(name=name, low=low, high=high, log=log, step=step, parent=parent, parent_values=parent_values)


def _choices(entry: Mapping[str, Any], where: str) -> tuple[Value, ...]:
    choices = entry["choices"]
    if not isinstance(choices, list) or not choices or not all(map(_is_value, choices)):
        raise TunerError(f"{where}.choices: must be a list of numbers, strings or booleans, got {choices!r}")
    if len(set(choices)) < len(choices):
        raise TunerError(f"{where}.choices: {choices!r} holds a value twice")
    for key in ("low", "high", "log", "step"):
        if key in entry:
            raise TunerError(f"{where}.{key}: does not go with choices")
    return tuple(choices)


def _range(entry: Mapping[str, Any], where: str) -> tuple[float, float, bool, float | None]:
    low, high = _number(entry, "low", where), _number(entry, "high", where)
    log, step = entry.get("log"), entry.get("step")
    if not low < high:
        raise TunerError(f"{where}: low {low} is not below high {high}")
    if log is not None and not isinstance(log, bool):
        raise TunerError(f"{where}.log: must be true or false, got {log!r}")
    if log and low <= 0:
        raise TunerError(f"{where}: a log scale needs low above 0, got {low}")
    if step is not None and (log or not _is_number(step) or step <= 0):
        raise TunerError(f"{where}.step: must be a number above 0, and does not go with log")
    whole = isinstance(low, int) and isinstance(high, int)
    if whole and step is not None and not isinstance(step, int):
        raise TunerError(f"{where}.step: must be whole like low and high, got {step}")
    if not math.isfinite(high - low):
        raise TunerError(f"{where}: from {low} to {high} is more than a number can say")
    if step is not None and not _divides(step, high - low):
        raise TunerError(f"{where}.step: {step} does not lead from {low} to {high}")
    return (low, high, bool(log), step) if whole else (float(low), float(high), bool(log), step)


def _divides(step: float, width: float) -> bool:
    steps = width / step
    return steps <= LARGEST and abs(steps - round(steps)) <= 1e-9


def _check_sizes(entry: Any, where: str) -> None:
    """Raises TunerError for a whole number that neither a float nor the study can hold. It may be too long to show."""
    if isinstance(entry, Mapping):
        for key, value in entry.items():
            _check_sizes(value, f"{where}.{key}")
    elif isinstance(entry, list):
        for value in entry:
            _check_sizes(value, where)
    elif isinstance(entry, int) and abs(entry) > LARGEST:
        raise TunerError(f"{where}: a whole number beyond {LARGEST}")


def _number(entry: Mapping[str, Any], key: str, where: str) -> int | float:
    value = entry.get(key)
    if not _is_number(value):
        raise TunerError(f"{where}.{key}: must be a finite number, got {value!r}")
    return value


def _when(when: Any, where: str) -> tuple[str | None, tuple[Value, ...]]:
    if when is None:
        return None, ()
    if not isinstance(when, dict) or len(when) != 1:
        raise TunerError(f"{where}.when: must name one parameter and its value, such as {{ optimizer = 'sgd' }}")
    [(parent, values)] = when.items()
    values = values if isinstance(values, list) else [values]
    if not values or not all(map(_is_value, values)):
        raise TunerError(f"{where}.when.{parent}: must be a value or a list of values")
    return parent, tuple(values)


def _check_parent(parameter: Parameter, above: list[Parameter], source: str, *, narrowed: bool) -> None:
    if parameter.parent is None:
        return
    parents = [p for p in above if p.name == parameter.parent]
    where = f"{source}: params.{parameter.name}.when"
    if not parents:
        raise TunerError(f"{where}: '{parameter.parent}' must be a parameter that stands above it")
    known = [value for p in parents for value in p.choices]
    for value in parameter.parent_values:
        if len(known) > 1 and value not in known and not narrowed:
            raise TunerError(f"{where}: {parameter.parent} is never {value!r}: choose one of {known}")


def _check_covered(name: str, parameters: list[Parameter], source: str) -> None:
    """Raises TunerError when a choice of the parent leaves the parameter without a value."""
    alternatives = [p for p in parameters if p.name == name]
    covered = {value for p in alternatives for value in p.parent_values}
    for value in (value for p in parameters if p.name == alternatives[0].parent for value in p.choices):
        if value not in covered:
            raise TunerError(f"{source}: params.{name}: no alternative applies when {alternatives[0].parent} = {value}")


def _is_value(value: Any) -> bool:
    return isinstance(value, str | bool) or _is_number(value)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return type(value) in (int, float) and abs(value) < float("inf")
