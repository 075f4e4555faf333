"""What one hyperparameter alone explains of a score, as a small regression.

A number enters as a parabola over its range, numeric choices as a parabola over their order, and other choices with a
mean for each. What depends on the value of another parameter, such as sgd's learning rate and adam's, is placed within
its own range and compared within it only, so that an effect of the optimizer is not taken for one of the learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuner.core.records import TrialRecord, Value
from tuner.search.space import Parameter, SearchSpace, is_number

Floats = NDArray[np.float64]
SAME = 1e-9  # of a column's length: what is left of it below that is rounding


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A parameter as columns of a regression, over the trials that have it."""

    name: str
    rows: NDArray[np.int64]
    """(n,) indices of the trials that have it."""
    groups: Floats
    """(n, g) orthonormal: what is known without its value. A constant, or one for each alternative."""
    columns: Floats
    """(n, k) orthonormal, and to `groups`: what its value adds."""
    places: Floats
    """(n,) where its values lie, from 0 to 1; NaN for choices that are no numbers."""
    values: tuple[Value, ...]
    """(n,) its values."""

    def shares(self, scores: Floats) -> Floats:
        """The shares, 0 to 1, of the variance of (trials, c) scores that it explains: (c,)."""
        own = scores[self.rows]
        explained = ((self.columns.T @ own) ** 2).sum(0)
        total = (own**2).sum(0) - ((self.groups.T @ own) ** 2).sum(0)
        return np.asarray(np.divide(explained, total, out=np.zeros_like(total), where=total > SAME))


def find_effect(name: str, records: Sequence[TrialRecord], space: SearchSpace) -> Effect | None:
    """The effect of a parameter; None if it does not vary, or too few trials have it for a regression."""
    alternatives = [parameter for parameter in space.parameters if parameter.name == name]
    having = {
        index: parameter for index, each in enumerate(records) if (parameter := space.active(name, each.parameters))
    }
    rows, active = list(having), list(having.values())
    values = [records[index].parameters[name] for index in rows]
    if not rows:
        return None
    groups = _basis(_indicators(active))
    if all(_is_ordered(parameter) for parameter in alternatives):
        places = np.array([parameter.place(value) for parameter, value in zip(active, values, strict=True)])
        columns = np.stack([places, places**2], axis=1)
    else:
        places = np.full(len(rows), math.nan)
        columns = _indicators(values)
    columns = _basis(columns - groups @ (groups.T @ columns))
    if not columns.shape[1] or len(rows) <= groups.shape[1] + columns.shape[1]:
        return None
    return Effect(name=name, rows=np.array(rows), groups=groups, columns=columns, places=places, values=tuple(values))


def direction(effect: Effect, scores: Floats) -> str:
    """Which values have the better scores, in a few words.

    Args:
        effect: of a parameter.
        scores: (trials,) the higher, the better.
    """
    own = scores[effect.rows]
    if np.isnan(effect.places).any():
        means = {value: own[[each == value for each in effect.values]].mean() for value in dict.fromkeys(effect.values)}
        return f"{max(means, key=lambda value: means[value])} is best"
    within = _without(effect.places, effect.groups)
    line = _basis(within[:, None])
    straight = float(((line.T @ own) ** 2).sum())
    if straight >= 0.5 * float(((effect.columns.T @ own) ** 2).sum()):
        return "higher is better" if float(within @ own) > 0 else "lower is better"
    bend = float(_without(effect.places**2, np.concatenate([effect.groups, line], axis=1)) @ own)
    return "the ends are best" if bend > 0 else "the middle is best"


def _is_ordered(parameter: Parameter) -> bool:
    return all(map(is_number, parameter.extremes))


def _indicators(values: Sequence[Value | Parameter]) -> Floats:
    """(n, values that occur): a column of ones and zeros for each."""
    column = {value: index for index, value in enumerate(dict.fromkeys(values))}
    columns = np.array([column[value] for value in values])
    return np.asarray(columns[:, None] == np.arange(len(column)), dtype=np.float64)


def _basis(columns: Floats) -> Floats:
    """Orthonormal columns that span the same."""
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, sizes > SAME * math.sqrt(len(columns))])


def _without(values: Floats, basis: Floats) -> Floats:
    return np.asarray(values - basis @ (basis.T @ values))
