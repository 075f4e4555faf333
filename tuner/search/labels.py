"""Names in the study for the parameters of a search space that was changed while its sweep went on.

Optuna refuses a parameter that has other choices than in an earlier trial, or another kind of scale. Such a parameter
gets a new name, with a number: `batch_size #2`. A range whose ends have moved keeps its name. The names follow from the
spaces in their order alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tuner.search.space import Parameter, SearchSpace


def labelled(spaces: Sequence[SearchSpace]) -> SearchSpace:
    """The last of these spaces, which a sweep has had in this order, with the names of its parameters in the study."""
    known: dict[str, list[str]] = {}
    versions: dict[str, int] = {}
    for space in spaces:
        for parameter in space.parameters:
            if len(parameter.choices) != 1:  # a constant is not in the study
                kinds = known.setdefault(parameter.alternative, [])
                if _kind(parameter) not in kinds:
                    kinds.append(_kind(parameter))
                versions[parameter.alternative] = kinds.index(_kind(parameter)) + 1
    last = spaces[-1]
    named = (replace(each, version=versions.get(each.alternative, 1)) for each in last.parameters)
    return replace(last, parameters=tuple(named))


def _kind(parameter: Parameter) -> str:
    """What must be the same in all trials that have a parameter of one name, as Optuna sees it."""
    if parameter.choices:
        return repr(parameter.choices)
    return f"{'whole' if parameter.whole else 'real'}{' log' if parameter.log else ''}"
