"""`--sampler auto`: which sampler suits a search. After the rules of Optuna's AutoSampler, in OptunaHub."""

from __future__ import annotations

from typing import NamedTuple

from tuner.core.units import counted
from tuner.search.finite import count_points
from tuner.search.space import SearchSpace, is_number

FEW, MANY = 20, 250
"""Trials from which the Gaussian process is chosen, and above which CMA-ES is: AutoSampler's limit."""


class Chosen(NamedTuple):
    """A sampler, and why it is the one."""

    sampler: str
    reason: str


def choose_sampler(space: SearchSpace, trials: int, *, begins_with: bool = False, plain: bool = True) -> Chosen:
    """The sampler for a search of so many trials.

    Args:
        space: what is searched.
        trials: how many.
        begins_with: whether it begins with points or trials that a user gives: a grid cannot.
        plain: whether it has one objective, and no constraint.
    """
    varied = [each for each in space.parameters if len(each.choices) != 1]
    if varied and not begins_with and (size := count_points(space)) is not None and size <= trials:
        return Chosen("grid", f"the space has {counted(size, 'point')}")
    if any(each.parent is not None or each.model for each in varied):
        return Chosen("tpe", "some parameters depend on others")
    if any(each.choices and not all(map(is_number, each.choices)) for each in varied):
        return Chosen("tpe", "some parameters are choices without an order")
    if not plain or space.relations:
        return Chosen("tpe", "two objectives, or a constraint" if not plain else "a relation between parameters")
    if trials < FEW:
        return Chosen("tpe", f"{counted(trials, 'trial')}, fewer than {FEW}")
    what = f"{counted(trials, 'trial')} in {counted(len(varied), 'number')} that every trial has"
    return Chosen("cmaes" if trials > MANY else "gp", what)
