"""Which of the winner's differences from the default configuration carry its gain, as a model of the trials predicts.

Ablation analysis (Fawcett and Hoos 2016) with a model in place of trainings (Biedenkapp et al. 2017): from the default
to the winner one parameter after another is changed, each time the one with the largest predicted gain. The model is a
forest of trees on the extrapolated scores of all trials but the winner: its score was chosen for being the highest, so
a part of it is luck. The forest is made anew for each of many resamples of the trials, and the spread of a step's gain
over these is its error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuner.core.config import SweepConfig
from tuner.core.earlier import raw_space
from tuner.core.records import DEFAULT_TRIAL, TrialRecord, Value
from tuner.core.several_models import MODEL
from tuner.core.units import counted, format_parameters
from tuner.search.comparable import final_scores
from tuner.search.extrapolation import Floats
from tuner.search.importance import NotEnoughTrialsError
from tuner.search.refit import fitting
from tuner.search.scales import Scale, scales
from tuner.search.space import SearchSpace
from tuner.search.space_file import space_of
from tuner.search.start_points import default_point, fit_point

LEAST_TRIALS = 12
RESAMPLES, TREES = 30, 10
CLEAR = 2.0  # errors from 0, from which on a gain is more than noise
ABSENT = -0.5  # the place of a parameter that a trial does not have
Point = Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A parameter that was changed, and what that is predicted to bring."""

    name: str
    before: Value | None
    """None for a parameter that does not apply before, or with the default."""
    after: Value
    gain: float
    """Of the score."""
    error: float

    @property
    def clear(self) -> bool:
        """Whether the gain or loss is more than noise."""
        return abs(self.gain) > CLEAR * self.error

    @property
    def change(self) -> str:
        """`lr 0.03 → 0.1`."""
        values = (self.before, self.after)
        before, after = ("none" if each is None else format_parameters({"": each})[1:] for each in values)
        return f"{self.name} {before} → {after}"

    @property
    def points(self) -> str:
        """`+1.2 ± 0.4`."""
        return f"{100 * self.gain:+.1f} ± {100 * self.error:.1f}"


def gain_steps(config: SweepConfig, records: Sequence[TrialRecord], winner: TrialRecord) -> tuple[Step, ...]:
    """The steps from the default to the winner.

    The default is the first start point that the sweep began with, or the middle of all ranges; with several models
    that of the winner's. Where the space was changed since, it is what of that fits the present one.

    Args:
        config: the sweep's.
        records: its trials. Those that violate a constraint tell nothing: they are compared by how far they do.
        winner: the one of them that was chosen, which need not have the best score.

    Raises:
        NotEnoughTrialsError: there are too few trials, the winner does not lie in the search space of now, or it does
            not differ from the default.
    """
    if not config.goal.by_score or config.scheduler == "pbt":
        raise NotEnoughTrialsError(
            "it is told of the plain score alone, and of parameters that stay as they were drawn"
        )
    records = fitting(records, config)
    space, best = space_of(config), next((each for each in records if each.number == winner.number), None)
    scores = final_scores(config, records)[:, 0]
    others = [r for r in records if r is not best and r.feasible and not np.isnan(scores[r.number])]
    if best is None:
        raise NotEnoughTrialsError("the winner does not lie in the present search space")
    if len(others) < LEAST_TRIALS:
        raise NotEnoughTrialsError(f"{counted(len(others), 'trial')} beside the winner: too few to say")
    model = str(best.parameters[MODEL]) if space.models else ""
    default = default_point(raw_space(config, DEFAULT_TRIAL), space, model)
    axes = scales(space)
    models = _models(np.array([_places(r.parameters, axes) for r in others]), scores[[r.number for r in others]])
    steps, at = [], default
    [predicted] = _predict(models, [at], axes)
    while left := [name for name in best.parameters if at.get(name) != best.parameters[name]]:
        changed = {name: _changed(at, name, best.parameters, space) for name in left}
        tried = {name: point for name, point in changed.items() if point.get(name) == best.parameters[name]}
        if not tried:
            break  # the ranges have changed since
        scored = dict(zip(tried, _predict(models, list(tried.values()), axes), strict=True))
        name = max(scored, key=lambda each: float(scored[each].mean()))
        gains = scored[name] - predicted
        steps.append(
            Step(
                name=name,
                before=at.get(name),
                after=best.parameters[name],
                gain=float(gains.mean()),
                error=float(gains.std(ddof=1)),
            )
        )
        at, predicted = tried[name], scored[name]
    if not steps:
        raise NotEnoughTrialsError("the winner has the default configuration")
    return tuple(steps)


def _changed(point: Point, name: str, target: Point, space: SearchSpace) -> dict[str, Value]:
    """The point with one parameter as in the target. What depends on it and does not fit any more is in the middle."""
    return fit_point({**point, name: target[name]}, space).parameters


def _places(point: Point, axes: Sequence[Scale]) -> list[float]:
    return [axis.place(point[axis.name]) if axis.name in point else ABSENT for axis in axes]


def _models(places: Floats, scores: Floats) -> list[Any]:
    """A forest for each resample of the trials."""
    from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415 - takes a second

    rng, found = np.random.default_rng(0), []
    for number in range(RESAMPLES):
        rows = rng.integers(len(places), size=len(places))
        forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, random_state=number)
        found.append(forest.fit(places[rows], scores[rows]))
    return found


def _predict(models: Sequence[Any], points: Sequence[Point], axes: Sequence[Scale]) -> Floats:
    """(points, resamples) scores."""
    rows = np.array([_places(point, axes) for point in points])
    return np.stack([model.predict(rows) for model in models], axis=1)
