"""The command of the next sweep: it is parsed by the program and planned, and comes to the space that was meant."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import Typed, make_config
from support.made_up_search import begin, drive

from tuner.cli.given import Way
from tuner.core.budgets import BudgetState
from tuner.core.config import TRIALS, SweepConfig
from tuner.core.sweep_request import SweepRequest
from tuner.search.advice import Advice
from tuner.search.next_command import next_command, pair_space, resume_command
from tuner.search.overrides import override
from tuner.search.start_points import START
from tuner.sweeps.plan import plan

NOTHING = Advice(remarks=())
Read = Callable[[str], SweepConfig]


@pytest.fixture
def read(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> Read:
    """What a command plans."""
    requests: list[SweepRequest] = []

    def keep(request: SweepRequest, _: Way) -> int:
        requests.append(request)
        return 0

    for here in ("tuner.cli.begin.begin_here", "tuner.cli.sweep.begin_here"):
        monkeypatch.setattr(here, keep)

    def plan_of(command: str) -> SweepConfig:
        program, *arguments = shlex.split(command)
        code, _, err = typed(*arguments)
        assert (program, code) == ("tuner", 0), err
        return plan(requests.pop(), "next")[0]

    return plan_of


def config(*expressions: str, **changes: Any) -> SweepConfig:
    """Of a sweep of digits-lenet with `--set`, which begins with the default."""
    values = {"model": "lenet", "epochs": 30, "trials": 16, "default": True, **changes}
    space = override(pair_space(make_config(**values), "image"), expressions)
    return make_config(**{"space": {**space, START: [{}]}, **values})


def test_a_change_is_planned_on_top_of_what_the_sweep_had(read: Read) -> None:
    before = config("dropout=0.1..0.4", "activation=tanh", "batch_size=16,32", limit=200, time_budget=5400.0)
    advice = Advice(remarks=(), overrides=("optimizer=sgd", "lr=0.02..1"), max_epochs=60, trials=32)
    command = next_command(before, "image", advice)
    assert command == (
        "tuner sweep digits lenet --set batch_size=16,32 --set dropout=0.1..0.4 --set activation=tanh "
        "--set optimizer=sgd --set lr=0.02..1 --trials 32 --max-epochs 60 --time-budget 5400s --limit 200"
    )
    planned = read(command)
    assert (planned.trials, planned.epochs, planned.limit, planned.time_budget) == (32, 60, 200, 5400.0)
    assert planned.space["params"] == {
        **before.space["params"],
        "optimizer": "sgd",
        "lr": {"low": 0.02, "high": 1.0, "log": True},
    }


def test_a_parameter_that_was_set_before_is_set_once() -> None:
    before = config("lr=0.01..0.1", "optimizer=adam", trials=TRIALS)
    command = next_command(before, "image", Advice(remarks=(), overrides=("lr=0.01..0.3",)))
    assert command == "tuner sweep digits lenet --set optimizer=adam --set lr=0.01..0.3"


@pytest.mark.parametrize("values", ["true,", "a b,c", "-1..1", "1e-07..1e-05", "0.1", "x'y,z"])
def test_whatever_set_takes_comes_back_as_it_was(values: str, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.sweeps.plan.check_space", lambda *_: None)  # lenet has no such values
    before = config(f"weight_decay={values}")
    planned = read(next_command(before, "image", Advice(remarks=(), max_epochs=31)))
    assert planned.space["params"] == before.space["params"]


def test_a_pair_with_a_default_space_is_compared_with_that(read: Read) -> None:
    made = make_config(dataset="breast_cancer", model="mlp", epochs=40, trials=16)
    space = override(pair_space(made, "tabular"), ["hidden_size=64,128,256,512"])
    before = make_config(dataset="breast_cancer", model="mlp", epochs=40, trials=16, space=space, default=True)
    command = next_command(before, "tabular", Advice(remarks=(), trials=32))
    assert command == "tuner sweep breast_cancer mlp --set hidden_size=64,128,256,512 --trials 32"
    assert read(command).space["params"] == space["params"]


def test_a_space_of_a_file_that_set_cannot_write_has_no_command() -> None:
    alternatives = [{"when": {"optimizer": "sgd"}, "low": 0.1, "high": 0.2}]
    own = make_config(model="lenet", space={"epochs": 9, "params": {"optimizer": "sgd", "lr": alternatives}})
    assert next_command(own, "image", Advice(remarks=(), trials=32)) == ""


def test_where_nothing_changes_the_best_trial_is_trained_with_other_seeds(read: Read, home: Path) -> None:
    assert next_command(config(name="x", seed=3), "image", NOTHING) == "tuner confirm x --seeds 5"
    assert next_command(config(name="x", scheduler="pbt"), "image", NOTHING) == ""
    assert next_command(config(name="x", confirm=5), "image", NOTHING) == "", "it is confirmed already"
    single = config(name="x", seed=3, trials=1)
    (home / "x").mkdir(parents=True)
    single.save(home / "x")
    controller, _ = begin(single, home / "x")
    drive(controller, Counter())
    command = next_command(single, "image", NOTHING)
    assert command == "tuner train digits lenet --from-best x --seed 4"
    planned = read(command)
    assert (planned.trials, planned.seed, planned.epochs) == (1, 4, 30)


def test_a_training_is_repeated_for_longer(home: Path) -> None:
    before = config(name="x", trials=1, limit=100)
    command = next_command(before, "image", Advice(remarks=(), max_epochs=60))
    assert command == "tuner train digits lenet --from-best x --max-epochs 60 --limit 100"


def test_the_next_sweep_searches_in_the_same_way(read: Read) -> None:
    advice = Advice(remarks=(), trials=32)
    planned = read(next_command(config(sampler="qmc", scheduler="median"), "image", advice))
    assert (planned.sampler, planned.scheduler, planned.trials) == ("qmc", "median", 32)
    goal = {"objective": "val_loss:min,parameters:min", "constraint": "parameters<=300000,val_loss<=2"}
    aimed = read(next_command(config(**goal), "image", advice))
    assert (aimed.objective, aimed.constraint) == (goal["objective"], goal["constraint"])
    after_grid = read(next_command(config(sampler="grid", scheduler="none"), "image", advice))
    assert (after_grid.sampler, after_grid.scheduler) == ("tpe", "none")


@pytest.mark.parametrize("goal", ["val_accuracy:max", "val_loss:min"])
def test_the_next_sweep_runs_as_this_one_did(read: Read, goal: str) -> None:
    advice = Advice(remarks=(), trials=32)
    command = next_command(
        config(objective=goal, oom="halve-batch", storage="file:/shared", concurrency=1), "image", advice
    )
    assert command.endswith("--concurrency 1 --oom halve-batch --storage file:/shared")
    planned = read(command)
    assert (planned.concurrency, planned.oom, planned.storage) == (1, "halve-batch", "file:/shared")
    plain = config(objective=goal, default=False)
    plain = replace(plain, space={name: value for name, value in plain.space.items() if name != START})
    planned = read(next_command(plain, "image", advice))
    assert not planned.default
    assert not planned.space.get(START)


def test_a_sweep_that_can_take_the_changes_goes_on_so_that_its_trials_count() -> None:
    own = make_config(name="x", model="lenet", trials=16, time_budget=600.0)  # a space that no --set can write
    wider = Advice(remarks=(), overrides=("dropout=0.0..0.95",))
    assert resume_command(own, wider) == "tuner resume x --trials 32 --set dropout=0.0..0.95 --time-budget 600s"
    assert resume_command(config(name="x"), Advice(remarks=(), trials=40)) == "tuner resume x --trials 40"
    longer = Advice(remarks=(), max_epochs=60)
    assert resume_command(config(name="x"), longer) == "tuner resume x --max-epochs 60"


def test_a_sweep_that_a_budget_ended_goes_on_with_more_of_it() -> None:
    own = make_config(name="x", model="lenet", trials=16, epoch_budget=20)
    used = BudgetState(name="epoch_budget", limit=20, left=0, text="0 of 20 epochs left", more="--epoch-budget 40")
    time = BudgetState(name="time_budget", limit=60, left=0, text="0 s of 60 s left", more="--time-budget 60s")
    wider = Advice(remarks=(), overrides=("dropout=0.0..0.95",))
    told = "tuner resume x --trials 32 --set dropout=0.0..0.95 --epoch-budget 40"
    assert resume_command(own, wider, [used]) == told
    timed = replace(own, time_budget=60.0)
    assert (
        resume_command(timed, wider, [time]) == "tuner resume x --trials 32 --set dropout=0.0..0.95 --time-budget 60s"
    )


@pytest.mark.parametrize("changes", [
    {"confirm": 4, "finalists": 3, "reshuffle": True, "refit": True},
    {"confirm": 5, "test": "mean"},
])  # fmt: skip
def test_the_next_sweep_does_with_its_winner_what_this_one_did(read: Read, changes: dict[str, Any]) -> None:
    planned = read(next_command(config(**changes), "image", Advice(remarks=(), trials=32)))
    assert {name: getattr(planned, name) for name in changes} == changes


def test_another_sweep_is_needed_where_its_trials_could_not_count() -> None:
    wider = Advice(remarks=(), overrides=("lr=0.01..1",))
    assert resume_command(config(name="x", sampler="grid"), wider) == ""
    assert resume_command(config(name="x", trials=1), wider) == ""
    assert resume_command(config(name="x", scheduler="pbt"), wider) == "", "a population does not grow"
    assert resume_command(config(name="x"), NOTHING) == ""
