"""The scores of trials over the values of one parameter: a slice through the search space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.core.records import TrialRecord, Value
from tuner.report.not_shown import NotShown
from tuner.search.importance import comparable
from tuner.search.scales import Scale, scales
from tuner.search.space import SearchSpace


@dataclass(frozen=True, kw_only=True)
class Point:
    """A trial."""

    record: TrialRecord
    value: Value
    score: float

    @property
    def word(self) -> str:
        """The trial's state."""
        return self.record.word


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The trials that have a parameter."""

    name: str
    choices: tuple[Value, ...]
    """Empty for a range."""
    log: bool
    ticks: tuple[tuple[float, str], ...]
    """Values and labels along the axis of a range, from its lowest value to its highest."""
    points: tuple[Point, ...]

    def place(self, value: Value) -> float:
        """Where a value lies along the axis: a choice at its index, a number at itself."""
        return float(self.choices.index(value) if self.choices else value)


def slices(
    records: Sequence[TrialRecord], space: SearchSpace, epochs: int, rungs: Sequence[int]
) -> tuple[list[Slice], int, bool]:
    """A slice for each parameter that varies; the epoch of the scores; whether trials train for longer than that.

    The scores are those after the first rung, which trials that were pruned have as well.

    Raises:
        NotShown: no trial has reached it, or no parameter varies.
    """
    epoch, reached = comparable(records, epochs, rungs)
    if not reached:
        raise NotShown(f"no trial has reached epoch {epoch}")
    found = [_slice(scale, reached, epoch) for scale in scales(space)]
    shown = [each for each in found if each.points]
    if not shown:
        raise NotShown("no parameter varies")
    return shown, epoch, epoch < epochs


def _slice(scale: Scale, records: Sequence[TrialRecord], epoch: int) -> Slice:
    return Slice(
        name=scale.name,
        choices=scale.choices,
        log=scale.log,
        ticks=() if scale.choices else tuple((number, f"{number:.3g}") for number in scale.marks()),
        points=tuple(
            Point(
                record=record, value=record.parameters[scale.name], score=record.outcome(epoch)[record.goal.first.name]
            )
            for record in records
            if scale.name in record.parameters
        ),
    )
