"""Parameters whose best value lies at an edge of their range, and a wider range in the syntax of `--set`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tuner.core.records import TrialRecord, Value
from tuner.core.several_models import MODEL
from tuner.search.importance import Importance
from tuner.search.space import Parameter, SearchSpace, is_number

EDGE = 0.1  # of a range, on the scale on which it is sampled
STEPS = (0.5, 0.25, 0.1)  # of the range's width that are added to it: the first that training takes
MOST_CHOICES = 12
_TOWARDS = {"higher is better": True, "lower is better": False}


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A parameter whose best value lies at an edge."""

    sentence: str
    overrides: tuple[str, ...]
    """For `--set`: what the parameter depends on, then its new range."""

    @property
    def name(self) -> str:
        """The parameter's."""
        return self.overrides[-1].partition("=")[0]


def find_edges(
    best: TrialRecord, space: SearchSpace, found: Importance, accepts: Callable[[str, Value], bool]
) -> list[Edge]:
    """The parameters of the winner that lie at an edge of their range, and that get better towards it.

    A single winner lies in some outer tenth by chance, so only parameters above the noise count. A range that can only
    be widened to values which `accepts` refuses, such as a dropout below 0, is left as it is.
    """
    edges = []
    for each in found.parameters:
        parameter = space.active(each.name, best.parameters)
        if each.direction in _TOWARDS and parameter is not None and len(set(parameter.extremes)) > 1:
            up = _TOWARDS[each.direction]
            wider = _wider(parameter, best.parameters[each.name], accepts, up=up)
            if wider:
                edges.append(_edge(parameter, best, wider, space, up=up))
    return edges


def _edge(parameter: Parameter, best: TrialRecord, wider: str, space: SearchSpace, *, up: bool) -> Edge:
    side = "upper" if up else "lower"
    value = set_value(best.parameters[parameter.name])
    parents = parents_of(parameter, best, space)
    of = f" (with {' and '.join(parents)})" if parents else ""
    expression = f"{parameter.key}={wider}"
    sentence = f"The best {parameter.key}{of}, {value}, lies at the {side} edge of its range: widen it, {expression}."
    return Edge(sentence=sentence, overrides=(*parents, expression))


def parents_of(parameter: Parameter, best: TrialRecord, space: SearchSpace) -> tuple[str, ...]:
    """What the parameter depends on, with the winner's values: `--set` replaces all alternatives by one range."""
    if parameter.parent is None:
        return ()
    above = space.active(parameter.parent, best.parameters)
    if above is None or (space.models and above.name == MODEL):
        return ()
    return (*parents_of(above, best, space), f"{above.key}={set_value(best.parameters[parameter.parent])}")


def _wider(parameter: Parameter, value: Value, accepts: Callable[[str, Value], bool], *, up: bool) -> str:
    """`LOW..HIGH` or `A,B,C`; empty if the value does not lie at the edge, or nothing beyond it is possible."""
    if not all(map(is_number, parameter.extremes)):
        return ""
    if parameter.choices:
        return _more_choices(parameter, value, accepts, up=up)
    low, high = float(parameter.low), float(parameter.high)
    place = parameter.place(value)
    if not (place > 1 - EDGE if up else place < EDGE):
        return ""
    for share in STEPS:
        if parameter.log:
            beyond = high * (high / low) ** share if up else low / (high / low) ** share
        else:
            beyond = high + share * (high - low) if up else low - share * (high - low)
        end: int | float = round(beyond) if parameter.whole else float(f"{beyond:.2g}")
        outside = end > high if up else end < low
        if outside and accepts(parameter.name, end):
            ends = (parameter.low, end) if up else (end, parameter.high)
            return "..".join(map(set_value, ends))
    return ""


def _more_choices(parameter: Parameter, value: Value, accepts: Callable[[str, Value], bool], *, up: bool) -> str:
    """The choices with one more beyond the outermost: as many times larger, or as much, as the one before it."""
    ordered: Sequence[int | float] = sorted(choice for choice in parameter.choices if is_number(choice))
    outer, inner = (ordered[-1], ordered[-2]) if up else (ordered[0], ordered[1])
    if value != outer or len(ordered) >= MOST_CHOICES:
        return ""
    more = outer * outer / inner if inner > 0 and outer > 0 else 2 * outer - inner
    whole = all(isinstance(choice, int) for choice in ordered)
    end: int | float = round(more) if whole else float(f"{more:.2g}")
    if end in ordered or not accepts(parameter.name, end):
        return ""
    return ",".join(map(set_value, [*ordered, end] if up else [end, *ordered]))


def set_value(value: Value) -> str:
    """A value as `--set` takes it, with three digits."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.3g}" if isinstance(value, float) else str(value)
