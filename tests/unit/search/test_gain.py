"""Which changes from the default carry the winner's gain, as a model predicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.common import make_config
from support.made_up_trials import SPACE as TREE
from support.made_up_trials import record
from support.made_up_trials import trials as trials_of_a_tree

from tuner.core.objective import Goal
from tuner.core.records import TrialRecord, best_of
from tuner.search.gain import Step, gain_steps
from tuner.search.importance import NotEnoughTrialsError
from tuner.search.outlook import outlook_of

SPACE: dict[str, Any] = {"epochs": 9, "params": {f"p{n}": {"low": 0.0, "high": 1.0} for n in range(4)}}


def trials(count: int, effect: float, seed: int) -> list[TrialRecord]:
    """Trials whose score depends on p0 alone, and on noise."""
    rng, found = np.random.default_rng(seed), []
    for number in range(count):
        point = {name: float(rng.random()) for name in SPACE["params"]}
        score = 0.7 + effect * (point["p0"] - 0.5) + rng.normal(0, 0.03)
        found.append(record(number, "COMPLETE", [float(score)] * 9, **point))
    return found


def steps_of(records: list[TrialRecord], **changes: Any) -> tuple[Step, ...]:
    return gain_steps(make_config(trials=len(records), space={**SPACE, **changes}), records, winner(records))


def winner(records: list[TrialRecord]) -> TrialRecord:
    best = best_of(records)
    assert best is not None
    return best


def test_the_parameter_that_decides_carries_the_gain_and_comes_first() -> None:
    steps = steps_of(trials(40, 0.4, seed=1))
    assert steps[0].name == "p0"
    assert [each.name for each in steps if each.clear] == ["p0"]
    assert {each.name for each in steps} == {"p0", "p1", "p2", "p3"}
    best = best_of(trials(40, 0.4, seed=1))
    assert best is not None
    assert (steps[0].before, steps[0].after) == (0.5, best.parameters["p0"])
    assert steps[0].change.startswith("p0 0.5 → 0.")
    assert steps[0].points.startswith("+")


def test_noise_is_never_stated_as_a_gain() -> None:
    for seed in range(4):
        assert not [each for each in steps_of(trials(16, 0.0, seed)) if each.clear]


def test_the_first_start_point_is_the_default() -> None:
    start = [{"p0": 0.25, "p1": 0.0, "p2": 0.0, "p3": 0.0}]
    steps = {each.name: each for each in steps_of(trials(16, 0.4, seed=1), start=start)}
    assert steps["p0"].before == 0.25


def test_in_a_sweep_that_was_changed_the_default_is_still_that_of_its_beginning() -> None:
    records, start = trials(16, 0.4, seed=1), [dict.fromkeys(SPACE["params"], 0.25)]
    best = winner(records)
    before = {"space": {**SPACE, "start": start}, "epochs": 9, "trials": 16, "tried": 0, "defaults": {}}
    longer = make_config(trials=19, epochs=18, space={**SPACE, "start": [best.parameters]}, earlier=[before])
    steps = {each.name: each for each in gain_steps(longer, records, best)}
    assert (steps["p0"].before, steps["p0"].after) == (0.25, best.parameters["p0"])
    narrow = {**SPACE, "params": {**SPACE["params"], "p0": {"low": 0.0, "high": 0.5}}}
    assert float(best.parameters["p0"]) > 0.5
    with pytest.raises(NotEnoughTrialsError, match=r"^the winner does not lie in the present search space"):
        gain_steps(make_config(trials=30, space=narrow, earlier=[before]), records, best)


def test_trials_that_violate_a_constraint_are_not_taken_for_inaccurate_ones() -> None:
    goal, told = Goal.parse("val_accuracy", "parameters<=100"), []
    for each in trials(40, 0.1, seed=1):
        size = 200.0 if float(each.parameters["p1"]) > 0.6 else 100.0
        told.append(replace(each, goal=goal, measured={"parameters": size}))
    start = [{**dict.fromkeys(SPACE["params"], 0.5), "p1": 1.0}]  # it violates the constraint
    config = make_config(trials=40, space={**SPACE, "start": start}, constraint="parameters<=100")
    steps = gain_steps(config, told, winner(told))
    assert max(abs(each.gain) for each in steps) < 0.06, "all accuracies lie around 0.7"
    few = [replace(each, measured={"parameters": 200.0}) if each.number > 10 else each for each in told]
    assert outlook_of(config, few) is None, "too few can win"


def test_the_steps_lead_to_the_winner_also_where_another_trial_has_the_best_score() -> None:
    records = trials(16, 0.4, seed=1)
    chosen = next(each for each in records if each is not winner(records))
    steps = gain_steps(make_config(trials=16, space=SPACE), records, chosen)
    assert {each.name: each.after for each in steps} == chosen.parameters


def test_what_depends_on_another_parameter_changes_after_it() -> None:
    records = trials_of_a_tree(30)
    best = best_of(records)
    assert best is not None
    records = [*records[: best.number], record(best.number, "COMPLETE", [0.95] * 9, optimizer="adam", lr=0.002,
               dropout=0.1, width=1.0), *records[best.number + 1 :]]  # fmt: skip
    names = [each.name for each in gain_steps(make_config(trials=30, space=TREE), records, winner(records))]
    assert sorted(names) == ["dropout", "lr", "optimizer"]
    assert names.index("optimizer") < names.index("lr"), "0.002 is no lr of sgd"


def test_too_few_trials_are_said_to_be_too_few() -> None:
    with pytest.raises(NotEnoughTrialsError, match=r"^11 trials beside the winner: too few to say"):
        steps_of(trials(12, 0.4, seed=0))
    same = [record(n, "COMPLETE", [0.5] * 9, p0=0.5, p1=0.5, p2=0.5, p3=0.5) for n in range(14)]
    with pytest.raises(NotEnoughTrialsError, match=r"^the winner has the default configuration"):
        steps_of(same)
