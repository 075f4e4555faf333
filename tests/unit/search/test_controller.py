"""The sweep's decisions, driven by simulated workers over the real study."""

from __future__ import annotations

import math
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.common import make_config
from support.made_up_search import Recorder, begin, metrics_of, report_of
from support.made_up_workers import Workers

from tuner.core.sweep_folder import checkpoint_folder
from tuner.core.trial_report import TrialReport
from tuner.search.schedulers.asha import rungs
from tuner.search.schedulers.base import Decision


def test_every_trial_is_accounted_for_and_one_in_three_is_promoted(tmp_path: Path) -> None:
    recorder = Recorder()
    controller, study = begin(make_config(trials=27), tmp_path, recorder)
    Workers(2).run(controller, random.Random(0))
    controller.finish()
    records = study.records()
    assert len(records) == 27
    assert {record.state for record in records} == {"COMPLETE", "PRUNED"}
    reached = [sum(record.epoch >= rung for record in records) for rung in (*rungs(9), 9)]
    assert reached[0] == 27
    assert 9 <= reached[1] <= 14  # asynchronous promotion sends on more than one in three where later trials are better
    assert 3 <= reached[2] < reached[1]
    assert sorted(recorder.ended) == [(record.number, record.state) for record in records]
    assert sorted(recorder.epochs) == [(r.number, epoch) for r in records for epoch in sorted(r.values)]
    best = study.best()
    assert best is not None
    assert best.parameters["dropout"] == min(record.parameters["dropout"] for record in records)


def test_the_first_trial_at_a_rung_waits(tmp_path: Path) -> None:
    """Ray's ASHAScheduler lets it go on, so that few workers spend the budget on whichever came first."""
    controller, _ = begin(make_config(), tmp_path)
    drawn = controller.next_trial()
    assert drawn is not None
    assert controller.on_report(drawn[0], report_of(1, 0.9)) is Decision.STOP
    assert controller.live() == set()
    following = controller.next_trial()
    assert following is not None
    assert following[0] == 1


def test_of_the_trials_that_may_be_promoted_the_best_goes_first(tmp_path: Path) -> None:
    """All have the same score, and the loss decides."""
    config = make_config(trials=6, epochs=4)
    _, study = begin(config, tmp_path)
    for loss in (193.0, 1.44, 0.757, 3410.0, 50.0, 60.0):
        study.report(study.ask()[0], metrics_of(1, 0.5, val_loss=loss))
    controller, _ = begin(config, tmp_path)
    drawn = [controller.next_trial() for _ in range(3)]
    assert [trial and trial[0] for trial in drawn] == [2, 1, None]


@pytest.mark.parametrize("seed", range(8))
def test_a_driver_killed_again_and_again_ends_with_the_same_trials_and_rungs(tmp_path: Path, seed: int) -> None:
    """At every restart nothing is left but the journal and the workers' checkpoints."""
    rng, settings = random.Random(seed), make_config(trials=14)
    workers = Workers(rng.choice([1, 2, 4]))
    kills = 0
    controller, study = begin(settings, tmp_path)
    while True:
        before = {record.number: (record.state, record.values) for record in study.records()}
        controller, study = begin(settings, tmp_path)
        for record in study.records():
            state, values = before[record.number]
            assert record.values == values
            assert record.state in (state, "COMPLETE")
        workers.run(controller, rng, steps=rng.randint(1, 12))
        if controller.over:
            break
        kills += 1
    controller.finish()
    assert kills >= 3
    records = study.records()
    assert [record.number for record in records] == list(range(14))
    assert all(record.ended and sorted(record.values) == list(range(1, record.epoch + 1)) for record in records)
    assert {record.epoch for record in records} <= {*rungs(9), 9}
    assert any(record.state == "COMPLETE" for record in records)


def test_a_killed_trial_whose_last_epoch_is_known_is_complete(tmp_path: Path) -> None:
    settings = make_config(trials=1, epochs=1)
    controller, study = begin(settings, tmp_path)
    drawn = controller.next_trial()
    assert drawn is not None
    study.report(drawn[0], metrics_of(1, 0.5))  # and here the driver is killed, before it could tell
    recorder = Recorder()
    controller, study = begin(settings, tmp_path, recorder)
    assert controller.over
    assert study.record(0).state == "COMPLETE"
    assert recorder.ended == [(0, "COMPLETE")]


@pytest.mark.parametrize("name", ["train_loss", "val_loss", "val_accuracy"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_trial_that_is_not_finite_fails_with_the_reason(tmp_path: Path, name: str, value: float) -> None:
    """Every comparison of Ray's ASHAScheduler with NaN is False, so it never stops such a trial."""
    controller, study = begin(make_config(), tmp_path)
    drawn = controller.next_trial()
    assert drawn is not None
    assert controller.on_report(drawn[0], report_of(2, 0.9, **{name: value})) is Decision.STOP
    record = study.record(drawn[0])
    assert (record.state, record.reason) == ("FAIL", f"{name} is {value} in epoch 2")
    assert study.best() is None


def test_an_error_and_a_lost_worker_fail_one_trial_and_the_others_go_on(tmp_path: Path) -> None:
    controller, study = begin(make_config(trials=6), tmp_path)
    first, second = controller.next_trial(), controller.next_trial()
    assert first is not None
    assert second is not None
    controller.on_report(first[0], TrialReport(error="out of memory at batch size 512"))
    controller.on_lost(second[0], "its worker died 3 times")
    assert not controller.over
    Workers(2).run(controller, random.Random(0))
    controller.finish()
    assert [study.record(n).reason for n in (0, 1)] == ["out of memory at batch size 512", "its worker died 3 times"]
    assert all(record.state != "FAIL" for record in study.records()[2:])


def test_when_the_time_is_over_running_trials_stop_after_their_epoch_and_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    controller, study = begin(make_config(time_budget=60.0, epochs=81), tmp_path)
    drawn = controller.next_trial()
    assert drawn is not None
    assert controller.on_report(drawn[0], report_of(1, 0.9)) is Decision.CONTINUE
    now += 61
    assert controller.next_trial() is None
    assert not controller.over  # a worker still has the trial
    assert controller.on_report(drawn[0], report_of(2, 0.9)) is Decision.STOP
    assert controller.over
    assert study.record(0).state == "RUNNING", "until it has saved what it has"
    controller.finish()
    assert (study.record(0).state, study.record(0).reason) == ("PRUNED", "the time budget ran out in epoch 2")


def test_a_trial_whose_last_epochs_may_be_in_no_checkpoint_repeats_them_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    config = make_config(time_budget=60.0, epochs=81)
    controller, _ = begin(config, tmp_path)
    for number, score in ((0, 0.8), (1, 0.9), (2, 0.7)):
        drawn = controller.next_trial()
        assert drawn is not None
        for epoch in (1, 2):
            controller.on_report(number, report_of(epoch, score + epoch / 100))
    controller.note_time(last=True)
    now += 61
    controller.note_time()
    controller, study = begin(config, tmp_path)  # the process was killed
    assert not controller.over
    drawn = controller.next_trial()
    assert drawn is not None
    assert drawn[0] == 1, "the best"
    assert controller.next_trial() is None
    assert controller.on_report(1, report_of(1, 0.91)) is Decision.CONTINUE
    assert controller.on_report(1, report_of(2, 0.92)) is Decision.STOP
    assert controller.over
    controller.finish()
    assert {record.reason for record in study.records()} == {"the time budget ran out in epoch 2"}


def test_a_report_of_a_trial_that_gave_its_worker_back_is_ignored(tmp_path: Path) -> None:
    """Ray delivers a finished function's last result twice."""
    recorder = Recorder()
    controller, study = begin(make_config(epochs=1), tmp_path, recorder)
    drawn = controller.next_trial()
    assert drawn is not None
    controller.on_report(drawn[0], report_of(1, 0.9))
    assert controller.on_report(drawn[0], report_of(1, 0.9)) is Decision.STOP
    assert recorder.epochs == [(0, 1)]
    assert study.record(0).state == "COMPLETE"


def test_only_the_best_ended_trial_keeps_its_checkpoint(tmp_path: Path) -> None:
    controller, _ = begin(make_config(trials=3, epochs=2), tmp_path)
    scores = {0: 0.5, 1: 0.9, 2: 0.7}
    for number in scores:
        checkpoint_folder(tmp_path / "trials", number).mkdir(parents=True)
    Workers(1).run(controller, random.Random(0))
    controller.finish()
    assert len(list((tmp_path / "trials").iterdir())) == 1


def test_a_sweep_that_is_stopped_ends_its_running_trials_with_their_epoch(tmp_path: Path) -> None:
    controller, study = begin(make_config(epochs=81), tmp_path)
    first, second = controller.next_trial(), controller.next_trial()
    assert first is not None
    assert second is not None
    controller.on_report(first[0], report_of(1, 0.9))
    controller.ending.stop("it was stopped")
    assert controller.next_trial() is None
    assert not controller.over
    assert controller.on_report(first[0], report_of(2, 0.8)) is Decision.STOP
    assert controller.on_report(second[0], report_of(1, 0.7)) is Decision.STOP
    assert controller.over
    controller.finish()
    assert [(r.state, r.reason) for r in study.records()] == [
        ("PRUNED", "it was stopped in epoch 2"),
        ("PRUNED", "it was stopped in epoch 1"),
    ]
    best = study.best()
    assert best is not None
    assert best.number == first[0]


def test_a_limit_holds_back_trials_until_it_is_lifted(tmp_path: Path) -> None:
    controller, _ = begin(make_config(), tmp_path)
    most = 1
    controller.limit(lambda: most)
    assert controller.next_trial() is not None
    assert controller.next_trial() is None
    assert not controller.over
    most = 2
    assert controller.next_trial() is not None
    assert controller.next_trial() is None


def test_the_traceback_of_a_failed_trial_is_kept_and_the_nodes_it_ran_on(tmp_path: Path) -> None:
    controller, study = begin(make_config(epochs=243), tmp_path)
    drawn = controller.next_trial()
    assert drawn is not None
    for epoch, node in ((1, "a/1"), (2, "a/1"), (2, "b/2"), (3, "b/2")):  # it went on on another node from epoch 2
        controller.on_report(drawn[0], replace(report_of(epoch, 0.5), node=node))
    assert study.record(0).nodes == ((1, "a/1"), (3, "b/2"))
    assert controller.on_report(drawn[0], TrialReport(error="it broke", details="Traceback: here")) is Decision.STOP
    assert (tmp_path / "trials" / "0000-error.txt").read_text() == "Traceback: here"
    assert study.record(0).reason == "it broke"


def test_a_search_ends_early_when_nearly_all_trials_fail(tmp_path: Path) -> None:
    controller, study = begin(make_config(trials=50, max_failure_rate=0.7), tmp_path)
    for fails in (True, False, True, True, False):
        drawn = controller.next_trial()
        assert drawn
        controller.on_report(drawn[0], TrialReport(error="broken") if fails else report_of(1, 0.5))
        assert not controller.ending.hopeless
    for _ in range(5):  # 5 of 7, then 6 of 8 of those tried
        drawn = controller.next_trial()
        if drawn is None:
            break
        controller.on_report(drawn[0], TrialReport(error=f"broken {drawn[0]}" if drawn[0] == 5 else "broken"))
    assert controller.over
    assert controller.ending.hopeless == "5 of 7 trials failed, 4 of them with: broken"
    assert len(study.records()) == 7
    controller.finish()
    assert {record.state for record in study.records()} == {"FAIL", "PRUNED"}


def test_what_ran_out_of_memory_is_infeasible_and_what_failed_otherwise_is_not(tmp_path: Path) -> None:
    controller, study = begin(make_config(trials=2), tmp_path)
    for number, out_of_memory in enumerate((True, False)):
        drawn = controller.next_trial()
        assert drawn
        controller.on_report(number, TrialReport(error="e", out_of_memory=out_of_memory))
    attributes = [trial.constraints for trial in study._study.get_trials(deepcopy=False)]
    assert attributes == [{"memory": 1.0}, {}]


def test_a_trial_that_does_not_get_the_worker_meant_for_it_is_given_to_the_next(tmp_path: Path) -> None:
    """Ray Tune drops a trial without a word when a warm worker is not ready for it in time."""
    recorder = Recorder()
    controller, study = begin(make_config(trials=2), tmp_path, recorder)
    first, second = controller.next_trial(), controller.next_trial()
    assert first
    assert second
    controller.on_dropped(first[0])
    assert controller.live() == {second[0]}
    assert not controller.over
    assert controller.next_trial() == first
    controller.on_dropped(7)  # none of ours
    assert controller.live() == {first[0], second[0]}
    assert [record.state for record in study.records()] == ["RUNNING", "RUNNING"]


def test_a_seed_repeats_the_first_points_in_any_order_of_arrival_and_all_points_of_a_single_worker(
    tmp_path: Path,
) -> None:
    def points(workers: int, order: int) -> list[float]:
        folder = tmp_path / f"{workers}-{order}"
        folder.mkdir()
        controller, study = begin(make_config(trials=15, seed=3), folder)
        Workers(workers).run(controller, random.Random(order))
        return [float(record.parameters["dropout"]) for record in study.records()]

    one, other = points(3, 1), points(3, 2)
    assert one[:5] == other[:5], "a third is random"
    assert one != other, "TPE has seen other results"
    assert points(1, 1) == points(1, 2)
