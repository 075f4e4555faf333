"""What a sweep tries first: the default configuration, other start points of its search space, the best of an earlier
sweep, the points of a file."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from tuner.core.callback import Callback
from tuner.core.errors import TunerError
from tuner.core.records import DEFAULT_TRIAL
from tuner.core.sweep_request import SweepRequest
from tuner.core.units import counted, format_parameters
from tuner.search.point_file import OPTION, read_points
from tuner.search.space import SearchSpace
from tuner.search.start_points import START, check_points, default_points, first_places, fit_point, prior_point
from tuner.sweeps.best_trial import best_for

Points = list[dict[str, Any]]


def has_default(request: SweepRequest, raw: Mapping[str, Any], space: SearchSpace) -> bool:
    """Whether the first trial, or that of each model, is the default configuration.

    A grid has all points anyway, a single point is no search, and what breaks a relation is not tried.
    """
    searches = any(len(each.choices) != 1 for each in space.parameters)
    asked = searches and not request.without_default and request.fixed is None and request.sampler != "grid"
    return asked and not any(map(space.broken, default_points(raw, space)))


def with_start_points(
    raw: Mapping[str, Any], space: SearchSpace, request: SweepRequest, trials: int, home: Path, events: Callback
) -> dict[str, Any]:
    """The parsed search space with all points that are tried first, in the order of their trials.

    Args:
        raw: the parsed space, with the overrides of the command line.
        space: the same.
        request: what is asked for.
        trials: how many there will be.
        home: the folder of all sweeps.
        events: are told what is taken from an earlier sweep, and what is dropped since it does not fit.

    Raises:
        TunerError: there is no such sweep or file, a point of the file does not fit, or a grid has all points anyway.
    """
    rest = {key: value for key, value in raw.items() if key != START}
    if request.sampler == "grid":
        if request.enqueue is not None or request.warm_start is not None:
            raise TunerError("--sampler grid tries all points of the space: leave --enqueue and --warm-start out")
        return rest
    points, dropped = ([], []) if request.without_default else _own(raw, space)
    default = has_default(request, raw, space)
    if default:
        points = [*default_points(raw, space), *points]
    elif not request.without_default:
        dropped += _broken_defaults(raw, space)
    taken = ""
    if request.warm_start is not None:
        found, taken = _from_sweep(request.warm_start, request.model, points, space, home)
        points += found
        if found and len(points) > trials:
            kept = counted(len(points) - len(found), "start point")
            has = f"the search space has {kept}, and the sweep {counted(trials, 'trial')}"
            raise TunerError(f"--warm-start {request.warm_start}: {has}: give more --trials")
    if request.enqueue is not None:
        points += _from_file(request.enqueue, trials - len(points), space, default=default)
    if len(points) < trials and not request.without_default:
        points += prior_point(points, space)
    points, again = _once(points, space)
    dropped += again
    for note in dropped:
        events.on_note(note)
    if taken:
        events.on_note(taken, warning=False)
    return {**rest, START: points} if points else rest


def _own(raw: Mapping[str, Any], space: SearchSpace) -> tuple[Points, list[str]]:
    """The other start points of the search space that still fit, and a line for each that does not."""
    kept, notes, given = [], [], raw.get(START, ())
    defaults = first_places(given, space.models)
    for number, point in enumerate(given):
        if number in defaults:
            continue
        fitted = fit_point(point, space)
        if fitted.misfits:
            notes.append(f"the search space's {START}[{number}] is dropped: {_told(fitted.misfits)}")
        elif relation := space.broken(fitted.parameters):
            notes.append(f"the search space's {START}[{number}] is dropped: it breaks '{relation}'")
        else:
            kept.append(dict(point))
    return kept, notes


def _broken_defaults(raw: Mapping[str, Any], space: SearchSpace) -> list[str]:
    """A line for each default configuration that breaks a relation."""
    points = [(point, space.broken(point)) for point in default_points(raw, space)]
    return [
        f"the default configuration ({format_parameters(point)}) breaks '{relation}': it is not tried, and the winner "
        "is not compared with it"
        for point, relation in points
        if relation
    ]


def _once(points: Points, space: SearchSpace) -> tuple[Points, list[str]]:
    """The points, each once, and a line for each that stands there again."""
    kept: Points = []
    notes: list[str] = []
    numbers: dict[Hashable, int] = {}
    for point in points:
        key = space.key(fit_point(point, space).parameters)
        if key in numbers:
            notes.append(f"a start point is dropped: trial {numbers[key]} has it already: {format_parameters(point)}")
        else:
            numbers[key] = len(kept)
            kept.append(point)
    return kept, notes


def _from_sweep(name: str, model: str, before: Points, space: SearchSpace, home: Path) -> tuple[Points, str]:
    """The parameters of a sweep's best trial that fit, as a point if it is not among those `before`; and a line."""
    best = best_for(model, name, home, "--warm-start")
    fitted = fit_point(best.trial.parameters, space)
    kept = {each: fitted.parameters[each] for each in best.trial.parameters if each not in fitted.misfits}
    dropped = f"; dropped: {_told(fitted.misfits)}" if fitted.misfits else ""
    source = f"--warm-start {name}: trial {best.trial.number}, its best{'' if best.finished else ' so far'},"
    if not kept:
        raise TunerError(f"{source} has no value that fits the search space{dropped}")
    if relation := space.broken(fitted.parameters):
        raise TunerError(f"{source} breaks '{relation}': leave --warm-start out, or change the relation")
    for number, point in enumerate(before):
        if fit_point(point, space).parameters == fitted.parameters:
            is_default = number == DEFAULT_TRIAL
            known = "the default configuration" if is_default else f"the search space's {START}[{number}]"
            return [], f"{source} is {known} already{dropped}"
    return [kept], f"{source} becomes trial {len(before)}: {format_parameters(kept)}{dropped}"


def _from_file(file: Path, room: int, space: SearchSpace, *, default: bool) -> Points:
    """The points of a file, of which none may be left over. `default` says whether a trial is the default."""
    points = read_points(file)
    check_points(points, space, f"{OPTION} {file}")
    if len(points) > room:
        left = f"the search has {counted(max(room, 0), 'trial')} for them"
        more = f"give more --trials{', or leave out the default with --without-default' if default else ''}"
        raise TunerError(f"{OPTION} {file}: {counted(len(points), 'point')}, and {left}: {more}")
    return [dict(point) for _, point in points]


def _told(misfits: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in misfits.items())
