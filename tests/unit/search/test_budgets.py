"""What ends a search before all its trials have: each budget is one for all runs of the search."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_search import begin, report_of, study_of
from support.made_up_workers import Workers

from tuner.core.budgets import BudgetRequest
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.search_options import SCHEDULERS
from tuner.core.sweep_request import SweepRequest
from tuner.core.trial_report import TrialReport
from tuner.search.budgets import Budgets, states_in
from tuner.search.budgets.meter import NOTE_S
from tuner.search.budgets.patience import Patience
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.base import Decision
from tuner.search.study import Study
from tuner.search.study_reader import GPU_SPENT, StudyReader


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def budgets(folder: Path, **limits: Any) -> Budgets:
    """A process that begins, or goes on, without a word of the one before it."""
    config = make_config(**limits)
    return Budgets(config, study_of(config, folder), make_scheduler(config))


def epochs_in(study: Study) -> int:
    return sum(len(record.metrics) for record in study.records())


def test_a_search_that_goes_on_has_what_is_left_of_its_time(tmp_path: Path, wait: Callable[[float], None]) -> None:
    first = budgets(tmp_path, time_budget=100.0)
    assert (first.over, first.begun) == (False, [])
    for _ in range(60):
        wait(1)
        assert not first.over
        first.store()
    wait(5000)  # until somebody types `tuner resume`
    second = budgets(tmp_path, time_budget=100.0)
    assert second.begun == ["40 s of the time budget of 2 min are left"]
    wait(39)
    assert not second.over
    second.store()
    wait(1)
    assert (second.over, second.ended_by, second.reason) == (True, "time_budget", "the time budget ran out")
    third = budgets(tmp_path, time_budget=100.0)
    assert third.begun == ["1 s of the time budget of 2 min are left"]
    wait(NOTE_S)
    assert third.over
    third.store()
    fourth = budgets(tmp_path, time_budget=100.0)
    assert (fourth.over, fourth.begun) == (True, ["the time budget of 2 min is spent"])
    assert StudyReader(tmp_path / "study.log").spent() == (60.0, 39.0, NOTE_S, 0.0)


def test_without_a_limit_no_time_is_remembered(tmp_path: Path, wait: Callable[[float], None]) -> None:
    none = budgets(tmp_path)
    wait(1e9)
    none.hold(3)
    none.store()
    assert (none.over, none.begun, none.room(10**9)) == (False, [], True)
    reader = StudyReader(tmp_path / "study.log")
    assert (reader.spent(), reader.spent(GPU_SPENT)) == ((), ())


def run_with_kills(config: SweepConfig, folder: Path, rng: random.Random, workers: Workers) -> Study:
    """Simulated workers; the process is killed again and again, and nothing but the folder is left."""
    while True:
        controller, study = begin(config, folder)
        workers.run(controller, rng, steps=rng.randint(1, 9))
        if controller.over:
            controller.finish()
            return study


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_never_more_epochs_than_the_budget_whatever_is_killed(tmp_path: Path, scheduler: str, count: int) -> None:
    config = make_config(trials=40, epoch_budget=47, scheduler=scheduler, sampler="random")
    study = run_with_kills(config, tmp_path, random.Random(count), Workers(count))
    assert epochs_in(study) == 47
    assert study.ended_by == "epoch_budget"
    assert (len(study.records()) < 40) == (scheduler != "pbt")  # a population begins as a whole
    [state] = states_in(config, study)
    assert (state.left, state.text, state.more) == (0, "0 of 47 epochs left", "--epoch-budget 94")
    assert all(record.ended for record in study.records())
    cut = [record for record in study.records() if "the epoch budget ran out" in record.reason]
    assert all(record.state == "PRUNED" for record in cut)


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "cmaes"])
def test_an_epoch_budget_with_other_samplers(tmp_path: Path, sampler: str) -> None:
    config = make_config(trials=40, epoch_budget=30, sampler=sampler)
    controller, study = begin(config, tmp_path)
    Workers(2).run(controller, random.Random(0))
    controller.finish()
    assert (epochs_in(study), study.ended_by) == (30, "epoch_budget")


def test_an_epoch_that_a_kill_has_left_half_written_counts_once(tmp_path: Path) -> None:
    config = make_config(trials=1, epochs=9, epoch_budget=3, scheduler="none")
    controller, study = begin(config, tmp_path)
    controller.next_trial()
    for epoch in (1, 2):
        assert controller.on_report(0, report_of(epoch, 0.5)) is Decision.CONTINUE
    study._note(0, "epoch 3", {"time": 1.0, **report_of(3, 0.6).metrics})  # and here it is killed, before the score
    controller, study = begin(config, tmp_path)
    assert controller.budgets.begun == ["the epoch budget of 3 epochs is used up: 3 are trained"]
    drawn = controller.next_trial()
    assert drawn is not None
    assert drawn[0] == 0, "its last epochs may be in no checkpoint"
    assert controller.on_report(0, report_of(2, 0.5)) is Decision.STOP
    controller.finish()
    assert (epochs_in(study), study.record(0).epoch) == (3, 2)


def test_fewer_epochs_than_the_budget_end_with_the_trials(tmp_path: Path) -> None:
    config = make_config(trials=6, epoch_budget=1000)
    study = run_with_kills(config, tmp_path, random.Random(1), Workers(2))
    assert study.ended_by == "trials"
    [state] = states_in(config, study)
    assert state.left == 1000 - epochs_in(study)
    assert state.more == ""


def test_a_worker_that_is_lost_at_the_end_of_the_budget_leaves_its_epoch_to_another(tmp_path: Path) -> None:
    config = make_config(trials=9, epoch_budget=4, scheduler="none")
    controller, study = begin(config, tmp_path)
    assert [controller.next_trial() is not None for _ in range(5)] == [True, True, True, True, False]
    controller.on_report(0, report_of(1, 0.5))
    controller.on_lost(1, "its worker died")
    assert controller.next_trial() is not None
    for number in (2, 3, 4):
        assert controller.on_report(number, report_of(1, 0.5)) is Decision.STOP
    assert controller.over
    controller.finish()
    assert (epochs_in(study), study.ended_by) == (4, "epoch_budget")


def test_gpu_time_is_that_in_which_trials_hold_their_gpus(tmp_path: Path, wait: Callable[[float], None]) -> None:
    config = make_config(gpus_per_trial=2.0, gpu_budget=100.0, epochs=81)  # with a rung at epoch 3
    controller, study = begin(config, tmp_path)
    wait(1000)  # no trial has a worker
    controller.next_trial()
    wait(5)
    controller.next_trial()
    wait(5)
    controller.on_report(0, report_of(3, 0.5))  # it waits at the rung, and holds nothing
    wait(5)
    controller.note_time(last=True)
    assert study.spent(GPU_SPENT) == (2 * (10 + 10),)
    controller, study = begin(config, tmp_path)  # killed
    assert controller.budgets.begun == ["60 s of the GPU budget of 2 min are left"]
    wait(1000)
    drawn = controller.next_trial()
    assert drawn is not None
    wait(29)
    assert controller.on_report(drawn[0], report_of(1, 0.5)) is Decision.CONTINUE
    wait(1)
    assert controller.on_report(drawn[0], report_of(2, 0.5)) is Decision.STOP
    assert controller.over
    controller.note_time(last=True)
    controller.finish()
    assert (study.ended_by, study.record(drawn[0]).reason) == ("gpu_budget", "the GPU budget ran out in epoch 2")
    [state] = states_in(config, study)
    assert (state.text, state.more) == ("0 s of 2 min of GPU time left", "--gpu-budget 200s")


def test_a_quarter_of_a_gpu_costs_a_quarter(tmp_path: Path, wait: Callable[[float], None]) -> None:
    controller, study = begin(make_config(gpus_per_trial=0.25), tmp_path)  # counted without a budget, too
    controller.next_trial()
    wait(8)
    controller.next_trial()
    wait(8)
    controller.note_time(last=True)
    assert study.spent(GPU_SPENT) == (0.25 * (8 + 16),)


def test_a_target_is_reached_by_the_kept_epoch_of_a_trial(tmp_path: Path) -> None:
    config = make_config(target_score=0.9, scheduler="none")
    controller, study = begin(config, tmp_path)
    first, second = controller.next_trial(), controller.next_trial()
    assert first
    assert second
    kept_one = replace(report_of(2, 0.95), kept_epoch=1)
    assert controller.on_report(0, replace(report_of(1, 0.8), kept_epoch=1)) is Decision.CONTINUE
    assert controller.on_report(0, kept_one) is Decision.CONTINUE, "the kept epoch has 0.8"
    [state] = states_in(config, study)
    assert state.text == "target val_accuracy 0.9 (0.1 above the best)"
    assert controller.on_report(1, report_of(1, 0.9)) is Decision.STOP
    assert not controller.over, "the other one finishes its epoch"
    assert controller.next_trial() is None
    assert controller.on_report(0, replace(report_of(3, 0.7), kept_epoch=1)) is Decision.STOP
    controller, study = begin(config, tmp_path)  # killed just now
    assert controller.over is False, "the best trial's last epoch may be in no checkpoint"
    drawn = controller.next_trial()
    assert drawn is not None
    assert drawn[0] == 1
    assert controller.on_report(1, report_of(1, 0.9)) is Decision.STOP
    assert controller.over
    controller.finish()
    assert study.ended_by == "target_score"
    assert {record.reason for record in study.records()} == {
        "the target score was reached in epoch 1",
        "the target score was reached in epoch 3",
    }
    assert states_in(config, study)[0].more == "--target-score 0.95"


def report_all(controller: Any, scores: list[float], epochs: int = 1) -> None:
    """A trial after another, each of which ends, or waits, after so many epochs."""
    for score in scores:
        drawn = controller.next_trial()
        if drawn is None:
            return
        for epoch in range(1, epochs + 1):
            controller.on_report(drawn[0], report_of(epoch, score))


def test_patience_counts_the_trials_since_the_best_score(tmp_path: Path) -> None:
    config = make_config(trials=99, epochs=1, patience=3)
    controller, study = begin(config, tmp_path)
    report_all(controller, [0.5, 0.4, 0.3, 0.6, 0.6, 0.2, 0.1, 0.9, 0.9])
    assert len(study.records()) == 7, "the third after the best one ends the search"
    assert controller.over
    controller.finish()
    assert study.ended_by == "patience"
    [state] = states_in(config, study)
    assert (state.left, state.text, state.more) == (0, "0 trials left to improve the best score", "--patience 6")


def test_trials_that_wait_at_a_rung_count_for_patience_and_each_once(tmp_path: Path) -> None:
    """Under a scheduler that promotes hardly any trial ends before the search does."""
    config = make_config(trials=99, epochs=9, patience=4)
    controller, study = begin(config, tmp_path)
    report_all(controller, [0.5, 0.4, 0.3])  # trial 0 may go on now
    drawn = controller.next_trial()
    assert drawn is not None
    assert drawn[0] == 0
    for epoch in (2, 3):  # it has the best score and waits again, and does not count
        controller.on_report(0, report_of(epoch, 0.5))
    report_all(controller, [0.1])
    assert [state.left for state in states_in(config, study)] == [1]
    report_all(controller, [0.1])
    assert controller.over
    assert {record.state for record in study.records()} == {"RUNNING"}


def test_a_failed_trial_is_no_improvement(tmp_path: Path) -> None:
    config = make_config(trials=99, epochs=9, patience=3, scheduler="none")
    controller, study = begin(config, tmp_path)
    for number in range(2):
        controller.next_trial()
        controller.on_report(number, report_of(1, 0.5))
    controller.on_report(1, report_of(2, 0.8))
    controller.on_report(1, TrialReport(error="broken"))
    assert states_in(config, study)[0].left == 2
    controller.on_report(0, report_of(2, 0.6))
    assert states_in(config, study)[0].left == 3


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_resumed_search_has_the_patience_that_it_had(tmp_path: Path, scheduler: str) -> None:
    config = make_config(trials=40, patience=12, scheduler=scheduler, sampler="random")
    workers, rng = Workers(3), random.Random(5)
    while True:
        controller, study = begin(config, tmp_path)
        workers.run(controller, rng, steps=3)
        [live] = controller.budgets._budgets
        again = Patience(12, make_scheduler(config))
        again.begin(study.records())
        assert isinstance(live, Patience)
        assert (again._stopped, again._best) == (live._stopped, live._best)
        if controller.over:
            break
    controller.finish()
    assert study.ended_by == "patience" if len(study.records()) < 40 else ("patience", "trials")


def test_the_first_budget_that_is_used_up_is_the_one_that_is_named(tmp_path: Path) -> None:
    config = make_config(trials=40, epoch_budget=500, patience=5, target_score=0.99, time_budget=3600.0)
    controller, study = begin(config, tmp_path)
    report_all(controller, [0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    controller.finish()
    assert study.ended_by == "patience"
    assert StudyReader(tmp_path / "study.log").ended_by() == "patience"


def test_what_else_ends_a_search(tmp_path: Path) -> None:
    ends = {}
    for name in ("stop", "failures"):
        folder = tmp_path / name
        folder.mkdir()
        controller, study = begin(make_config(trials=50, max_failure_rate=0.7, epoch_budget=99), folder)
        for _ in range(5):
            drawn = controller.next_trial()
            assert drawn
            if name == "failures":
                controller.on_report(drawn[0], TrialReport(error="broken"))
            else:
                controller.on_report(drawn[0], report_of(1, 0.5))
                controller.ending.stop("the sweep was stopped")
                break
        controller.finish()
        ends[name] = study.ended_by
    assert ends == {"stop": "stop", "failures": "failures"}


def test_a_search_that_is_given_more_has_not_ended(tmp_path: Path) -> None:
    config = make_config(trials=40, epoch_budget=20)
    study = run_with_kills(config, tmp_path, random.Random(0), Workers(2))
    assert study.ended_by == "epoch_budget"
    begin(config, tmp_path)
    assert StudyReader(tmp_path / "study.log").ended_by() == "epoch_budget", "a kill between the end and the result"
    more = replace(config, epoch_budget=45)
    _, study = begin(more, tmp_path)
    assert study.ended_by == ""
    study = run_with_kills(more, tmp_path, random.Random(1), Workers(2))
    assert (epochs_in(study), study.ended_by) == (45, "epoch_budget")


def test_a_target_of_a_loss_is_reached_from_above_by_a_trial_that_violates_no_constraint(tmp_path: Path) -> None:
    config = make_config(target_score=0.3, objective="val_loss:min", constraint="train_loss<=2", scheduler="none")
    controller, study = begin(config, tmp_path)
    assert controller.next_trial()
    assert controller.on_report(0, report_of(1, 0.5, val_loss=0.2, train_loss=3.0)) is Decision.CONTINUE
    assert controller.on_report(0, report_of(2, 0.5, val_loss=0.4)) is Decision.CONTINUE
    assert states_in(config, study)[0].text == "target val_loss 0.3 (0.1 below the best)"
    assert controller.on_report(0, report_of(3, 0.5, val_loss=0.3)) is Decision.STOP
    assert controller.over
    controller.finish()
    assert study.ended_by == "target_score"
    assert states_in(config, study)[0].more == "--target-score 0.15"


def test_patience_goes_by_the_objective(tmp_path: Path) -> None:
    config = make_config(trials=8, patience=2, objective="val_loss:min", scheduler="none")
    controller, study = begin(config, tmp_path)
    report_all(controller, [0.5, 0.6, 0.7], epochs=config.epochs)  # the loss is 1 - score: each is better
    assert states_in(config, study)[0].left == 2
    report_all(controller, [0.6, 0.6, 0.6], epochs=config.epochs)
    controller.finish()
    assert (study.ended_by, study.count) == ("patience", 5)


@pytest.mark.parametrize(
    ("objective", "target", "words"),
    [
        ("val_accuracy", 1.5, "--target-score 1.5: give a val_accuracy above 0 and at most 1"),
        ("val_loss", 0.0, "--target-score 0: give a val_loss above 0"),
        ("parameters", math.inf, "--target-score inf: give a number"),
    ],
)
def test_a_target_that_the_objective_cannot_reach_is_refused(objective: str, target: float, words: str) -> None:
    request = SweepRequest(
        dataset="digits", model="cnn", objective=objective, budgets=BudgetRequest(target_score=target)
    )
    with pytest.raises(TunerError, match=words):
        request.check()
