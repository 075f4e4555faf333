"""Why a sweep with constraints has no best trial."""

from __future__ import annotations

from dataclasses import replace

from support.common import make_record

from tuner.core.no_winner import no_best
from tuner.core.objective import PLAIN, Goal
from tuner.core.records import TrialRecord

GOAL = Goal.parse("val_accuracy", "parameters<=100,val_accuracy>=0.9")


def trial(number: int, state: str, size: float, accuracy: float | None = None) -> TrialRecord:
    metrics = {} if accuracy is None else {1: {"val_accuracy": accuracy, "val_loss": 1.0, "time": 1.0}}
    return replace(make_record(number, state, metrics), goal=GOAL, measured={"parameters": size})


def test_the_nearest_trial_is_named_with_what_it_violates() -> None:
    found = [trial(0, "PRUNED", 900), trial(1, "COMPLETE", 90, 0.8), trial(2, "FAIL", 90)]
    start = "no trial fulfills parameters<=100 and val_accuracy>=0.9; the nearest is trial "
    assert no_best(GOAL, found) == f"{start}1: val_accuracy 0.8000 (must be at least 0.9000)"
    assert no_best(GOAL, found[:1]) == f"{start}0: parameters 900 (must be at most 100)"


def test_where_constraints_are_not_the_reason_it_says_nothing_of_them() -> None:
    assert no_best(PLAIN, []) == no_best(GOAL, []) == no_best(GOAL, [trial(0, "FAIL", 90)]) == ""
    assert no_best(GOAL, [trial(0, "PRUNED", 90)]) == "no trial that fulfills the constraints has finished an epoch yet"
