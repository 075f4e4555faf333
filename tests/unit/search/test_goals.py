"""Searches by other objectives, by two, and with constraints: what the study holds, whatever kills the process."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from optuna.study import StudyDirection
from support.common import make_config, read_study
from support.made_up_search import Recorder, begin, metrics_of

from tuner.core.config import SweepConfig
from tuner.core.pareto import front_of
from tuner.core.search_options import SAMPLERS, SCHEDULERS
from tuner.core.sweep_folder import checkpoint_folder
from tuner.core.trial_report import TrialReport
from tuner.search.controller import Controller
from tuner.search.multi_objective import best_ranks_first
from tuner.search.schedulers.base import Decision
from tuner.search.schedulers.ladder import Ladders
from tuner.search.study import Study
from tuner.search.study_reader import read_records

TWO = {"objective": "val_accuracy:max,parameters:min"}
GRID = {"epochs": 9, "params": {"dropout": {"low": 0.0, "high": 0.9, "step": 0.01}}}


def weights(dropout: float) -> float:
    return round(1000 * (1 + dropout))


class Workers:
    """Workers that measure, and then train by a formula: the smaller the dropout, the better and the smaller."""

    def __init__(self, controller: Controller, config: SweepConfig) -> None:
        self.controller = controller
        self.config = config
        self.at: dict[int, tuple[float, int]] = {}
        """The trials that run: their dropout, and their last epoch. It is -1 before anything is measured."""

    def fill(self, study: Study) -> None:
        while len(self.at) < self.config.concurrency and (drawn := self.controller.next_trial()):
            number, parameters = drawn
            measures = bool(self.config.goal.before)
            self.at[number] = (float(parameters["dropout"]), -1 if measures else study.record(number).epoch)

    def step(self, number: int, study: Study) -> None:
        dropout, epoch = self.at[number]
        epoch = study.record(number).epoch if epoch < 0 else epoch + 1
        values = {"parameters": weights(dropout), "latency_ms": 1 + dropout}
        told = TrialReport(measured={name: values[name] for name in self.config.goal.before}, measured_on="here")
        if self.at[number][1] >= 0:
            score = (1 - dropout) * (1 - 0.5**epoch)
            told = TrialReport(metrics=metrics_of(epoch, score, val_loss=2 - score, val_macro_f1=score / 2))
        self.at[number] = (dropout, epoch)
        if self.controller.on_report(number, told) is Decision.STOP:
            del self.at[number]


def run(config: SweepConfig, folder: Path, seed: int | None = None) -> Study:
    """Runs a sweep to its end. With a seed, trials report in a random order, and the process is killed at times."""
    rng = random.Random(seed)
    controller, study = begin(config, folder)
    workers = Workers(controller, config)
    while True:
        workers.fill(study)
        if not workers.at:
            break
        workers.step(rng.choice(sorted(workers.at)) if seed is not None else min(workers.at), study)
        anew = Ladders(controller._scheduler.rungs_of, study.records(), controller.live())
        content = [
            [(rung.ranks, rung.waiting(99)) for ladder in each for rung in ladder.rungs]
            for each in (anew, controller._queue.ladders)
        ]
        assert content[0] == content[1]
        if seed is not None and rng.random() < 0.15:
            before = study.records()
            controller, study = begin(config, folder)
            workers = Workers(controller, config)
            assert [each.measured for each in study.records()] == [each.measured for each in before]
            assert [each.values for each in study.records()] == [each.values for each in before]
    assert controller.over
    controller.finish()
    assert all(record.ended for record in study.records())
    return study


@pytest.mark.parametrize("objective", ["val_loss:min", "val_macro_f1:max", "val_accuracy:min", "latency_ms:min"])
def test_one_objective_decides_who_goes_on_who_wins_and_optunas_best(tmp_path: Path, objective: str) -> None:
    config = make_config(trials=12, concurrency=1, objective=objective, sampler="random")
    study = run(config, tmp_path)
    best, [goal] = study.best(), config.goal.objectives
    assert best is not None
    told = read_study(tmp_path)
    wanted = StudyDirection.MAXIMIZE if goal.direction == "max" else StudyDirection.MINIMIZE
    assert told.direction is wanted
    assert told.metric_names == [goal.name]
    assert told.best_trial.number == best.number
    assert told.best_value == best.score == best.outcome(best.best_epoch)[goal.name]
    dropouts = {record.number: record.parameters["dropout"] for record in study.records()}
    ordered = sorted(dropouts, key=lambda number: dropouts[number], reverse=objective == "val_accuracy:min")
    assert best.number == ordered[0]
    complete = [record.number for record in study.records() if record.state == "COMPLETE"]
    assert ordered[0] in complete
    assert len(complete) < 6
    assert [record.goal for record in read_records(tmp_path / "study.log")] == [config.goal] * 12


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(
    "objective", ["val_loss:min", "val_accuracy:max,parameters:min", "val_loss:min,latency_ms:max"]
)
def test_each_sampler_draws_by_it_and_the_same_with_the_same_seed(tmp_path: Path, sampler: str, objective: str) -> None:
    if "," in objective and sampler == "cmaes":
        pytest.skip("it takes one objective, and is refused")
    trials = 7 if sampler == "gp" else 14  # it thinks for long
    config = make_config(
        trials=trials, concurrency=1, objective=objective, sampler=sampler, constraint="val_accuracy>=0.3", space=GRID
    )
    first = run(config, tmp_path / "a").records()
    again = run(config, tmp_path / "b").records()
    assert [each.parameters for each in first] == [each.parameters for each in again]
    assert [each.values for each in first] == [each.values for each in again]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()


def test_tpe_looks_where_a_minimum_is(tmp_path: Path) -> None:
    config = make_config(trials=30, concurrency=1, objective="val_loss:min")
    drawn = [float(record.parameters["dropout"]) for record in run(config, tmp_path).records()]
    assert sum(drawn[20:]) / 10 < 0.6 * sum(drawn[:10]) / 10  # the loss falls with the dropout


def test_tpe_looks_where_the_constraint_is_fulfilled(tmp_path: Path) -> None:
    """The most accurate trials have a small dropout: only those beyond 0.5 are allowed."""
    config = make_config(
        trials=30, concurrency=1, objective="val_accuracy", constraint="parameters>=1500", scheduler="none"
    )
    drawn = [float(record.parameters["dropout"]) for record in run(config, tmp_path).records()]
    assert sum(dropout >= 0.5 for dropout in drawn[10:]) > sum(dropout >= 0.5 for dropout in drawn[:10]) * 1.5


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "goal",
    [
        {"objective": "val_loss:min"},
        {**TWO, "constraint": "val_accuracy>=0.2"},
        {"constraint": "parameters<=1500,val_loss<=1.6"},
    ],
)
def test_a_kill_at_any_time_loses_nothing(tmp_path: Path, seed: int, scheduler: str, goal: dict[str, str]) -> None:
    """`run` compares the rungs with those that the trials give anew after each step."""
    config = make_config(trials=12, concurrency=1 + seed % 3, seed=seed, scheduler=scheduler, **goal)
    study = run(config, tmp_path, seed)
    assert study.count == 12
    for record in study.records():
        assert set(record.measured) == set(config.goal.before)
        assert not record.measured or record.measured_on == "here"
        broken = config.goal.broken(record.measured)
        assert (record.reason == broken and not record.values) if broken else record.values
    best = study.best()
    assert best is None or best.feasible


def test_a_trial_that_is_too_large_ends_before_its_first_epoch_with_the_reason(tmp_path: Path) -> None:
    recorder, config = Recorder(), make_config(trials=1, constraint="parameters<=10")
    controller, study = begin(config, tmp_path, recorder)
    drawn = controller.next_trial()
    assert drawn is not None
    assert controller.on_report(0, TrialReport(measured={"parameters": 1234}, measured_on="a CPU")) is Decision.STOP
    assert controller.over
    [record] = study.records()
    assert (record.state, record.reason) == ("PRUNED", "parameters 1,234 (must be at most 10)")
    assert (record.measured, record.measured_on) == ({"parameters": 1234}, "a CPU")
    assert record.values == {}
    assert recorder.ended == [(0, "PRUNED")]
    assert study.best() is None


@pytest.mark.parametrize("objective", ["val_loss:max", "val_loss:max,val_accuracy:min"])
@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_optuna_too_counts_no_trial_that_violates_a_constraint(tmp_path: Path, objective: str, sampler: str) -> None:
    """Those with the highest loss would be the best here, but for the constraint."""
    config = make_config(
        trials=8,
        concurrency=1,
        objective=objective,
        constraint="val_loss<=1.6",
        sampler=sampler,
        scheduler="none",
        space=GRID,
    )
    study, told = run(config, tmp_path), read_study(tmp_path)
    violating = {record.number for record in study.records() if not record.feasible}
    assert 0 < len(violating) < 8
    assert {n for n in range(8) if told.trials[n].constraints["val_loss<=1.6"] > 0} == violating
    best = study.best()
    assert best is not None
    assert best.number in {trial.number for trial in told.best_trials}
    assert not violating & {trial.number for trial in told.best_trials}


def test_the_first_measurement_counts(tmp_path: Path) -> None:
    """A trial that goes on after a kill is measured again, and a latency is never the same twice."""
    controller, study = begin(make_config(objective="latency_ms"), tmp_path)
    controller.next_trial()
    controller.on_report(0, TrialReport(measured={"latency_ms": 1.5}, measured_on="here"))
    controller, study = begin(make_config(objective="latency_ms"), tmp_path)
    assert controller.next_trial() is not None
    assert controller.on_report(0, TrialReport(measured={"latency_ms": 9.0}, measured_on="there")) is Decision.CONTINUE
    assert (study.record(0).measured, study.record(0).measured_on) == ({"latency_ms": 1.5}, "here")


def test_those_that_fulfill_the_constraints_are_promoted_first(tmp_path: Path) -> None:
    config = make_config(trials=9, epochs=3, concurrency=9, constraint="val_loss<=0.5", sampler="random")
    controller, study = begin(config, tmp_path)
    assert [controller.next_trial() is None for _ in range(9)] == [False] * 9
    went_on = []
    for number in range(9):
        told = TrialReport(metrics=metrics_of(1, 0.9 - number / 20, val_loss=1 - number / 10))
        if controller.on_report(number, told) is Decision.CONTINUE:
            went_on.append(number)
    assert went_on == [2, 5]  # of the first three the nearest to the bound; of the first six the one that fulfills it
    feasible = [record.number for record in study.records() if record.feasible]
    assert feasible == [5, 6, 7, 8]  # the least accurate
    drawn = [controller.next_trial() for _ in range(5)]
    assert [each[0] for each in drawn if each] == [6, 7, 8, 4, 3]


def test_two_objectives_are_told_to_optuna_and_promoted_by_their_front(tmp_path: Path) -> None:
    config = make_config(trials=27, concurrency=1, sampler="random", objective="val_accuracy:max,latency_ms:max")
    study = run(config, tmp_path)  # the quicker, the better: a conflict, since both depend on the dropout
    told = read_study(tmp_path)
    assert told.directions == [StudyDirection.MAXIMIZE] * 2
    records = study.records()
    complete = [record for record in records if record.state == "COMPLETE"]
    assert {trial.number for trial in told.best_trials} == {record.number for record in front_of(records)}
    assert {record.number for record in front_of(records)} == {record.number for record in complete}
    span = [float(record.parameters["dropout"]) for record in complete]
    assert min(span) < 0.2  # the most accurate
    assert max(span) > 0.7  # the slowest
    best = study.best()
    assert best is not None
    assert best.parameters["dropout"] == min(span)
    first = [record.rank_until(1) for record in records]
    order = best_ranks_first([rank for rank in first if rank])
    assert sum(records[place].epoch > 1 for place in order[:9]) > sum(records[place].epoch > 1 for place in order[9:])


def test_the_checkpoint_of_the_winner_is_kept_though_a_pruned_trial_was_better_by_the_first(tmp_path: Path) -> None:
    config = make_config(trials=2, epochs=3, concurrency=2, **TWO)
    controller, study = begin(config, tmp_path)
    for number in range(2):
        controller.next_trial()
        folder = checkpoint_folder(tmp_path / "trials", number)
        folder.mkdir(parents=True)
        controller.on_report(number, TrialReport(measured={"parameters": 10.0 - number}, measured_on="here"))
    controller.on_report(0, TrialReport(metrics=metrics_of(1, 0.9)))
    for epoch in (1, 2, 3):
        if controller.on_report(1, TrialReport(metrics=metrics_of(epoch, 0.5))) is Decision.STOP and epoch < 3:
            assert controller.next_trial() is not None
    controller.ending.stop("enough")
    controller.finish()
    assert [record.state for record in study.records()] == ["PRUNED", "COMPLETE"]
    best = study.best()
    assert best is not None
    assert best.number == 1
    assert checkpoint_folder(tmp_path / "trials", 1).exists()
    assert not checkpoint_folder(tmp_path / "trials", 0).exists()
