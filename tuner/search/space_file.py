"""The file of a search space: TOML, checked line by line."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuner.core import catalog, own_code
from tuner.core.config import MOST_EPOCHS, SweepConfig
from tuner.core.errors import TunerError
from tuner.core.records import Value
from tuner.core.several_models import MODEL
from tuner.search.labels import labelled
from tuner.search.model_spaces import MODELS, flattened, parse_models, split_key
from tuner.search.space import Parameter, SearchSpace, is_number, is_value
from tuner.search.space_relations import CONSTRAIN, relations_in
from tuner.search.start_points import START, fit_value, parse_start

LARGEST = 2**53  # a float holds all whole numbers up to here
MOST_CHARACTERS = 32_000  # of a file, since the TOML parser takes quadratic time for some texts
_KEYS = {"choices", "low", "high", "log", "step", "when", "prior"}


def space_of(config: SweepConfig) -> SearchSpace:
    """The search space that a sweep has now."""
    return labelled(spaces_of(config))


def spaces_of(config: SweepConfig) -> list[SearchSpace]:
    """All search spaces that it has had, in their order. The last one is that of now."""
    raws = [*(each["space"] for each in config.earlier), config.space]
    return [parse_space(raw, f"the search space of {config.name}", narrowed=True) for raw in raws]


def read_toml(text: str, source: str, what: str = "a search space") -> dict[str, Any]:
    """Parses TOML. Raises TunerError naming `source`, the line and the reason."""
    if len(text) > MOST_CHARACTERS:
        raise TunerError(f"{source}: more than {MOST_CHARACTERS:,} characters, too many for {what}")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TunerError(f"{source}: not valid TOML: brackets are nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and Python's own for a number of thousands of digits
        raise TunerError(f"{source}: not valid TOML: {error}") from None


def own_space(data: str, model: str) -> tuple[dict[str, Any], str] | None:
    """The parsed search space of a pair's own file, and its name for messages; None when the pair has none."""
    if not catalog.has_space(data, model):
        return None
    source = f"search_spaces/{data}-{own_code.title(model)}.toml"
    return read_toml(catalog.search_space(data, model), source), source


def read_file(file: Path) -> dict[str, Any]:
    """The parsed file of a search space. Raises TunerError naming it, and the reason why it cannot be read."""
    raw = read_toml(read_text(file, "--space", MOST_CHARACTERS), str(file))
    return flattened(raw, parse_models(raw, str(file)))


def read_text(file: Path, option: str, most: int) -> str:
    """The text of a file that an option names, or one character more than `most`."""
    try:
        with file.open(encoding="utf-8-sig") as opened:
            return opened.read(most + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise TunerError(f"{option} {file}: {reason}") from None


def parse_space(raw: Mapping[str, Any], source: str, *, narrowed: bool = False) -> SearchSpace:
    """Checks a parsed TOML document and makes a space of it.

    In a `narrowed` space choices may have been removed, so that some alternatives can never apply, and some start
    points do not fit: these are left out.

    Raises:
        TunerError: with the file `source`, the key and the reason.
    """
    for key in raw:
        if key not in ("epochs", "params", START, MODELS, CONSTRAIN):
            raise TunerError(
                f"{source}: unknown key '{key}': a search space has epochs, {CONSTRAIN}, [params] and [[start]]"
            )
        _check_sizes(raw[key], f"{source}: {key}")
    epochs = raw.get("epochs")
    if type(epochs) is not int or epochs < 1:
        raise TunerError(f"{source}: epochs: must be a whole number of at least 1, got {epochs!r}")
    if epochs > MOST_EPOCHS:
        raise TunerError(f"{source}: epochs: must be at most {MOST_EPOCHS}")
    params = raw.get("params")
    if not isinstance(params, dict) or not params:
        raise TunerError(f"{source}: [params] is missing or empty")
    models = parse_models(raw, source)
    parameters = [Parameter(name=MODEL, choices=models)] if models else []
    for key, entry in params.items():
        model, name = split_key(key, models)
        for alternative in _alternatives(name, entry, source, model):
            _check_parent(alternative, parameters, source, narrowed=narrowed)
            parameters.append(alternative)
        if isinstance(entry, list) and not narrowed:
            _check_covered(parameters[-1], parameters, source)
    space = SearchSpace(epochs, tuple(parameters), models=models)
    space = replace(space, relations=relations_in(raw.get(CONSTRAIN, []), space, source))
    return replace(space, start=parse_start(raw[START], space, source, narrowed=narrowed)) if START in raw else space


def _alternatives(name: str, entry: Any, source: str, model: str) -> list[Parameter]:
    where = f"{source}: params.{f'{model}.' if model else ''}{name}"
    if not isinstance(entry, list):
        return [_parameter(name, entry, where, model)]
    alternatives = [_parameter(name, table, where, model) for table in entry]
    if not alternatives:
        raise TunerError(f"{where}: an empty list: give a value, a range or choices = [...]")
    covered: set[Value] = set()
    for alternative in alternatives:
        if alternative.parent is None:
            raise TunerError(f"{where}: write choices = [...], or give each alternative a 'when'")
        if alternative.parent != alternatives[0].parent:
            raise TunerError(f"{where}: all alternatives must depend on the same parameter")
        for value in alternative.parent_values:
            if value in covered:
                raise TunerError(f"{where}: two alternatives apply when {alternative.parent} = {value}")
            covered.add(value)
    return alternatives


def _parameter(name: str, entry: Any, where: str, model: str) -> Parameter:
    if is_value(entry):
        return Parameter(name=name, choices=(entry,), model=model)
    if not isinstance(entry, dict):
        raise TunerError(f"{where}: must be a value, {{ choices = [...] }} or {{ low = ..., high = ... }}")
    for key in entry:
        if key not in _KEYS:
            raise TunerError(f"{where}.{key}: unknown key: choose one of {', '.join(sorted(_KEYS))}")
    parent, parent_values = _when(entry.get("when"), where)
    if "choices" in entry:
        made: dict[str, Any] = {"choices": _choices(entry, where)}
    else:
        made = dict(zip(("low", "high", "log", "step"), _range(entry, where), strict=True))
    found = Parameter(name=name, parent=parent, parent_values=parent_values, model=model, **made)
    return replace(found, prior=_prior(entry["prior"], found, where)) if "prior" in entry else found


def _prior(prior: Any, parameter: Parameter, where: str) -> Value:
    try:
        return fit_value(parameter, prior)
    except TunerError as error:
        raise TunerError(f"{where}.prior: {error}") from None


def _choices(entry: Mapping[str, Any], where: str) -> tuple[Value, ...]:
    choices = entry["choices"]
    if not isinstance(choices, list) or not choices or not all(map(is_value, choices)):
        raise TunerError(f"{where}.choices: must be a list of numbers, strings or booleans, got {choices!r}")
    if len(set(choices)) < len(choices):
        raise TunerError(f"{where}.choices: {choices!r} holds a value twice")
    for key in ("low", "high", "log", "step"):
        if key in entry:
            raise TunerError(f"{where}.{key}: cannot be combined with choices")
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
    if step is not None and (log or not is_number(step) or step <= 0):
        raise TunerError(f"{where}.step: must be a number above 0, and cannot be combined with log")
    whole = isinstance(low, int) and isinstance(high, int)
    if whole and step is not None and not isinstance(step, int):
        raise TunerError(f"{where}.step: must be whole like low and high, got {step}")
    if not math.isfinite(high - low):
        raise TunerError(f"{where}: the range from {low} to {high} is too large for a number")
    if step is not None and not _divides(step, high - low):
        raise TunerError(f"{where}.step: steps of {step} do not lead exactly from {low} to {high}")
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
        raise TunerError(f"{where}: a whole number must be at most {LARGEST}")


def _number(entry: Mapping[str, Any], key: str, where: str) -> int | float:
    value = entry.get(key)
    if not is_number(value):
        raise TunerError(f"{where}.{key}: must be a finite number, got {value!r}")
    return value


def _when(when: Any, where: str) -> tuple[str | None, tuple[Value, ...]]:
    if when is None:
        return None, ()
    if not isinstance(when, dict) or len(when) != 1:
        raise TunerError(f"{where}.when: must name one parameter and its value, such as {{ optimizer = 'sgd' }}")
    [(parent, values)] = when.items()
    values = values if isinstance(values, list) else [values]
    if not values or not all(map(is_value, values)):
        raise TunerError(f"{where}.when.{parent}: must be a value or a list of values")
    return parent, tuple(values)


def _check_parent(parameter: Parameter, above: list[Parameter], source: str, *, narrowed: bool) -> None:
    if parameter.parent is None:
        return
    parents = [p for p in above if p.name == parameter.parent and p.meets(parameter)]
    where = f"{source}: params.{parameter.key}.when"
    if not parents:
        raise TunerError(f"{where}: '{parameter.parent}' must be a parameter that stands above it")
    known = [value for p in parents for value in p.choices]
    for value in parameter.parent_values:
        if len(known) > 1 and value not in known and not narrowed:
            raise TunerError(f"{where}: {parameter.parent} is never {value!r}: choose one of {known}")


def _check_covered(last: Parameter, parameters: list[Parameter], source: str) -> None:
    """Raises TunerError when a choice of the parent leaves the parameter, `last` or an alternative, without a value."""
    covered = {value for p in parameters if p.key == last.key for value in p.parent_values}
    for value in (value for p in parameters if p.name == last.parent and p.meets(last) for value in p.choices):
        if value not in covered:
            raise TunerError(f"{source}: params.{last.key}: no alternative applies when {last.parent} = {value}")
