"""Trials as pictures and pages count and order them."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.records import TrialRecord


def of_state(records: Sequence[TrialRecord], state: str) -> list[TrialRecord]:
    """The trials of a state that have a score."""
    return [record for record in records if record.state == state and record.values]


def best_so_far(records: Sequence[TrialRecord]) -> tuple[list[int], list[float]]:
    """The numbers of the trials that were better than all before them, and their scores. A failed trial is not."""
    numbers: list[int] = []
    scores: list[float] = []
    for record in records:
        if record.values and record.state != "FAIL" and (not scores or record.best[0] > scores[-1]):
            numbers.append(record.number)
            scores.append(record.best[0])
    return numbers, scores


def unscored(records: Sequence[TrialRecord]) -> str:
    """`; without a score: 3 trials`, or nothing when all have one."""
    count = sum(not record.values for record in records)
    return f"; without a score: {counted(count)}" if count else ""


def counted(trials: int) -> str:
    """`1 trial`, `2 trials`."""
    return f"{trials} trial{'' if trials == 1 else 's'}"
