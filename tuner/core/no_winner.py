"""Why a sweep has no best trial."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord


def no_best(goal: Goal, records: Sequence[TrialRecord]) -> str:
    """Why `best_of` gives none: that no trial has a score, or how near the nearest is to what a winner must fulfill."""
    tried = [record for record in records if record.measured or record.ranked]
    if not goal.constraints or not tried:
        return "no trial of it has finished an epoch yet"
    nearest = min(tried, key=lambda each: (goal.violation(each.outcome(each.best_epoch)), each.number))
    broken = goal.broken(nearest.outcome(nearest.best_epoch))
    if not broken:
        return "no trial that fulfills the constraints has finished an epoch yet"
    return (
        f"no trial fulfills {' and '.join(map(str, goal.constraints))}; the nearest is trial {nearest.number}: {broken}"
    )
