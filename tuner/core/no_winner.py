"""Why a sweep with constraints has no best trial."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord


def no_best(goal: Goal, records: Sequence[TrialRecord]) -> str:
    """How near the nearest trial is to what a winner must fulfill. Empty if that is not why `best_of` gives none."""
    tried = [record for record in records if record.state != "FAIL" and (record.measured or record.ranked)]
    if not goal.constraints or not tried:
        return ""
    nearest = min(tried, key=lambda each: (goal.violation(each.outcome(each.best_epoch)), each.number))
    broken = goal.broken(nearest.outcome(nearest.best_epoch))
    if not broken:
        return "no trial that fulfills the constraints has finished an epoch yet"
    return (
        f"no trial fulfills {' and '.join(map(str, goal.constraints))}; the nearest is trial {nearest.number}: {broken}"
    )
