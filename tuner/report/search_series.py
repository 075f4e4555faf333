"""Trials as the pictures and pages of a search count, order and place them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.core.records import TrialRecord
from tuner.core.units import counted
from tuner.report.not_shown import NotShown
from tuner.search.scales import Scale, scales
from tuner.search.space import SearchSpace

NOT_USED = -0.15  # the place on the axis of a parameter that a trial does not have


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A parameter, or the score."""

    name: str
    ticks: tuple[tuple[float, str], ...]
    """Places, from 0 to 1 or NOT_USED, and labels."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A trial."""

    record: TrialRecord
    places: tuple[float, ...]
    """The place on each axis."""


@dataclass(frozen=True, kw_only=True)
class ParallelCoordinates:
    """All lines and axes of the plot."""

    axes: tuple[Axis, ...]
    """The last one is the score."""
    lines: tuple[Line, ...]
    """From the worst trial to the best."""


def parallel_coordinates(records: Sequence[TrialRecord], space: SearchSpace) -> ParallelCoordinates:
    """The trials that have a score and did not fail.

    Raises:
        NotShown: there is none, or no parameter varies.
    """
    ranked = sorted((r for r in records if r.ranked), key=lambda r: (r.best, -r.number))
    if not ranked:
        raise NotShown("no trial has a score")
    varying = scales(space)
    if not varying:
        raise NotShown("no parameter varies")
    score = _score_scale(ranked)
    lines = (Line(record=r, places=(*(_place(scale, r) for scale in varying), score.place(r.score))) for r in ranked)
    axes = [*(_axis(scale, ranked) for scale in varying), Axis(name=score.name, ticks=tuple(score.ticks()))]
    return ParallelCoordinates(axes=tuple(axes), lines=tuple(lines))


def rank_colour(share: float) -> str:
    """From grey for the worst trials (0) to blue for the best (1): seen on white and on black."""
    grey, blue = (175, 180, 190), (40, 95, 170)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(grey, blue, strict=True))


def _score_scale(ranked: Sequence[TrialRecord]) -> Scale:
    name, scores = ranked[0].goal.first.name, [record.score for record in ranked]
    low, high = min(scores), max(scores)
    return Scale(name=name, low=low, high=high) if low < high else Scale(name=name, low=low - 0.01, high=high + 0.01)


def _place(scale: Scale, record: TrialRecord) -> float:
    return scale.place(record.parameters[scale.name]) if scale.name in record.parameters else NOT_USED


def _axis(scale: Scale, ranked: Sequence[TrialRecord]) -> Axis:
    everywhere = all(scale.name in record.parameters for record in ranked)
    return Axis(name=scale.name, ticks=(*scale.ticks(), *([] if everywhere else [(NOT_USED, "not used")])))


def scored_trials(records: Sequence[TrialRecord], word: str) -> list[TrialRecord]:
    """The trials in the state `word` that have a score."""
    return [record for record in records if record.word == word and record.values]


def best_so_far(records: Sequence[TrialRecord]) -> tuple[list[int], list[float]]:
    """The numbers of the trials that were better than all before them, by the first objective, and their scores.

    Trials that failed or violate a constraint do not count.
    """
    numbers: list[int] = []
    scores: list[float] = []
    for record in records:
        gain = record.goal.first.gain
        if record.feasible and (not scores or gain(record.score) > gain(scores[-1])):
            numbers.append(record.number)
            scores.append(record.score)
    return numbers, scores


def unscored_note(records: Sequence[TrialRecord]) -> str:
    """`; without a score: 3 trials`, or nothing when all have one."""
    count = sum(not record.values for record in records)
    return f"; without a score: {counted(count, 'trial')}" if count else ""
