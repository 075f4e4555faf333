"""Start points: parameters that a sweep tries first, as the trials 0, 1, ...

A point may leave parameters out: these have their prior, or are in the middle of their range. So what such a trial gets
is decided by its number and the search space alone, whatever was drawn before, and after any kill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuner.core.errors import TunerError, unknown
from tuner.core.records import Value
from tuner.core.several_models import MODEL
from tuner.search.space import Parameter, SearchSpace, is_number

START = "start"  # the key in the file of a search space
MOST_POINTS = 5  # in such a file
MOST_DIGITS = 12  # of a number that somebody typed
SAME = 1e-8  # of a step: Optuna allows this difference, too
Point = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FittedPoint:
    """A point within a search space."""

    parameters: dict[str, Value]
    """Of all parameters that apply. In place of what does not fit is the middle of its range."""
    misfits: dict[str, str]
    """By name, why a value does not fit."""


def fit_point(point: Point, space: SearchSpace) -> FittedPoint:
    """Takes what fits of a point. A value that depends on one that does not fit is no fit either."""
    found: dict[str, Value] = {}
    misfits = {name: _unknown(name, space) for name in point if all(name != each.name for each in space.parameters)}
    for parameter in space.parameters:
        name = parameter.name
        if not parameter.active(found):
            continue
        found[name] = parameter.middle()
        if parameter.parent in misfits and name in point:
            misfits[name] = f"depends on {parameter.parent}, which does not fit"
        elif name in point:
            try:
                found[name] = fit_value(parameter, point[name])
            except TunerError as error:
                misfits[name] = str(error)
    for name in point:
        if name not in found and name not in misfits:
            misfits[name] = _inactive(name, point, found, space)
    return FittedPoint(parameters=found, misfits=misfits)


def default_point(raw: Mapping[str, Any], space: SearchSpace, model: str = "") -> dict[str, Value]:
    """The default configuration: the first start point of a parsed space, or the middle of all ranges without one.

    What `--set` has made unfit is in the middle of its new range, such as a constant. `space` is the same one, parsed.
    Of several models it is that of `model`.
    """
    points = raw.get(START, ())
    where: Point = {MODEL: model} if model else {}
    return fit_point(next((points[place] for place in first_places(points, [model])), where), space).parameters


def default_points(raw: Mapping[str, Any], space: SearchSpace) -> list[dict[str, Value]]:
    """The default configuration of each model."""
    return [default_point(raw, space, model) for model in space.models or [""]]


def first_places(points: Sequence[Any], models: Sequence[str]) -> list[int]:
    """The places of the first point of each model; `[""]` where there are not several."""
    of = [point.get(MODEL) if isinstance(point, dict) else None for point in points]
    if list(models) in ([], [""]):
        return [0][: len(points)]
    return [of.index(model) for model in models if model in of]


def check_points(points: Iterable[tuple[str, Any]], space: SearchSpace, source: str) -> list[dict[str, Value]]:
    """The points, each with all parameters that apply. Each comes with its place in the file `source`.

    Raises:
        TunerError: one does not fit, with the file, the key and the reason.
    """
    checked = []
    for place, point in points:
        if not isinstance(point, dict):
            raise TunerError(f"{source}: {place}: must be a table of parameters, got {point!r}")
        if space.models and MODEL not in point:
            raise TunerError(f"{source}: {place}: say which model it is for: {MODEL} = {space.models[0]!r}")
        fitted = fit_point(point, space)
        for name, reason in fitted.misfits.items():
            raise TunerError(f"{source}: {place}.{name}: {reason}")
        if relation := space.broken(fitted.parameters):
            raise TunerError(f"{source}: {place}: it breaks '{relation}'")
        checked.append(fitted.parameters)
    return checked


def parse_start(raw: Any, space: SearchSpace, source: str, *, narrowed: bool) -> tuple[dict[str, Value], ...]:
    """The start points in the file of a search space. Those that do not fit a `narrowed` space are left out.

    Raises:
        TunerError: with the file `source`, the key and the reason.
    """
    places = placed(raw, source)
    if narrowed:
        found = [fit_point(point, space) for _, point in places if isinstance(point, dict)]
        return tuple(each.parameters for each in found if not each.misfits and not space.broken(each.parameters))
    if len(places) > MOST_POINTS:
        raise TunerError(
            f"{source}: {START}: at most {MOST_POINTS} points, got {len(places)}: give more with --enqueue FILE"
        )
    return tuple(check_points(places, space, source))


def placed(raw: Any, source: str) -> list[tuple[str, Any]]:
    """The points of a list, each with its place: `start[0]` is trial 0."""
    if not isinstance(raw, list):
        raise TunerError(f"{source}: {START}: must be a list of points, each below a line [[{START}]]")
    return [(f"{START}[{n}]", point) for n, point in enumerate(raw)]


def prior_point(points: Sequence[Point], space: SearchSpace) -> list[dict[str, Any]]:
    """The point that all priors make, as one that names nothing; none if there is no prior, or it is among `points`.

    With several models there may be one for each.
    """
    found: list[dict[str, Any]] = []
    for model in space.models or [""]:
        if any(each.prior is not None and each.model in ("", model) for each in space.parameters):
            made = {MODEL: model} if model else {}
            same = fit_point(made, space).parameters
            known = any(fit_point(point, space).parameters == same for point in points)
            found += [] if known or space.broken(same) else [made]
    return found


def values_to_draw(point: Mapping[str, Value], space: SearchSpace) -> dict[str, Value]:
    """The values of a point by their names in the study, for what would be drawn. It has all that apply."""
    drawn = (each for each in space.parameters if each.active(point) and len(each.choices) != 1)
    return {parameter.label: point[parameter.name] for parameter in drawn}


def fit_value(parameter: Parameter, value: Any) -> Value:
    """The value as it would be drawn. Raises TunerError with the reason why it cannot be."""
    if parameter.choices:
        return _chosen(parameter, value)
    if not is_number(value):
        raise _misfit(value, "is not a number from", parameter)
    if not parameter.low <= value <= parameter.high:
        raise _misfit(value, "is outside of", parameter)
    steps = (value - parameter.low) / parameter.step if parameter.step else 0
    if abs(steps - round(steps)) > SAME:
        raise _misfit(value, "is between the steps of", parameter)
    if parameter.whole and value != int(value):
        raise _misfit(value, "is not a whole number of", parameter)
    return int(value) if parameter.whole else float(value)


def _chosen(parameter: Parameter, value: Any) -> Value:
    for choice in parameter.choices:
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return choice
    raise _misfit(value, "is not one of" if len(parameter.choices) > 1 else "is not", parameter)


def _misfit(value: Any, reason: str, parameter: Parameter) -> TunerError:
    text = f"{value:.6g}" if isinstance(value, float) and len(repr(value)) > MOST_DIGITS else repr(value)
    return TunerError(f"{text} {reason} {' '.join(str(parameter).split())}")


def _unknown(name: str, space: SearchSpace) -> str:
    return str(unknown("parameter of the search space", name, {each.name for each in space.parameters}))


def _inactive(name: str, point: Point, found: Mapping[str, Value], space: SearchSpace) -> str:
    """Why a parameter does not apply: what it depends on has another value, or it is another model's."""
    alternatives = [each for each in space.parameters if each.name == name]
    if space.models:
        alternatives = [each for each in alternatives if each.model in ("", found[MODEL])]
        if not alternatives:
            return f"is no parameter of {found[MODEL]}"
    parent = alternatives[0].parent or ""
    allowed = " or ".join(str(value) for each in alternatives for value in each.parent_values)
    has = f"is {found[parent]}" if parent in found else "does not apply"
    unnamed = "" if parent in point else ", which the point does not name,"
    return f"applies only when {parent} = {allowed}, and {parent}{unnamed} {has}"
