"""The trials of a sweep with two objectives, as the picture and the page show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tuner.core.pareto import front_of
from tuner.core.records import TrialRecord
from tuner.report.not_shown import NotShown

_DIRECTIONS = {"max": "higher is better", "min": "lower is better"}


@dataclass(frozen=True, kw_only=True)
class FrontSeries:
    """The front, and the others in groups."""

    DOMINATED: ClassVar[str] = "dominated"

    labels: tuple[str, str]
    """Of the axes: the second objective along the x axis, the first one along the y axis."""
    front: tuple[TrialRecord, ...]
    """The one with the best first objective comes first."""
    others: dict[str, list[TrialRecord]]
    """By what they are; groups without a trial are left out."""

    def place(self, record: TrialRecord) -> tuple[float, float]:
        """Where a trial is along both axes."""
        first, second = record.goal.objectives
        outcome = record.outcome(record.best_epoch)
        return outcome[second.name], outcome[first.name]


def front_series(records: Sequence[TrialRecord]) -> FrontSeries:
    """The front, and all others that have a score and did not fail.

    Raises:
        NotShown: there is one objective, or no trial is on the front yet.
    """
    if not records or not records[0].goal.several:
        raise NotShown("the sweep has one objective")
    front = front_of(records)
    if not front:
        raise NotShown("no trial is complete that fulfills the constraints")
    others: dict[str, list[TrialRecord]] = {}
    for record in records:
        if record.ranked and record not in front:
            others.setdefault(_group(record), []).append(record)
    first, second = (f"{each.name} ({_DIRECTIONS[each.direction]})" for each in records[0].goal.objectives)
    return FrontSeries(labels=(second, first), front=tuple(front), others=others)


def _group(record: TrialRecord) -> str:
    if not record.best.feasible:
        return "beyond a constraint"
    return FrontSeries.DOMINATED if record.state == "COMPLETE" else "not trained to the end"
