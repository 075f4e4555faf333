"""The sweep's decisions, driven by simulated workers over the real study."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.common import make_config

from tuner.core.callback import Decision
from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import checkpoint_folder
from tuner.search.controller import Controller
from tuner.search.schedulers.asha import rungs
from tuner.search.study import Study


class Log:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.epochs: list[tuple[int, int]] = []
        self.ended: list[tuple[int, str]] = []

    def trial_started(self, record: TrialRecord) -> None:
        self.started.append(record.number)

    def trial_reported(self, number: int, metrics: Mapping[str, float]) -> None:
        self.epochs.append((number, int(metrics["epoch"])))

    def trial_ended(self, record: TrialRecord) -> None:
        self.ended.append((record.number, record.state))


def open_policy(folder: Path, settings: SweepConfig, log: Log | None = None) -> tuple[Controller, Study]:
    study = Study(folder / "study.log", settings.search_space(), seed=settings.seed, trials=settings.trials)
    return Controller(settings, study, folder / "trials", log or Log()), study


def report(epoch: int, score: float, **changes: float) -> dict[str, float]:
    values = {"epoch": epoch, "val_accuracy": score, "val_loss": 1 - score, "train_loss": 1.0}
    return {**values, "train_accuracy": score, "lr": 0.1, "epoch_seconds": 1.0, **changes}


class Workers:
    """Workers that train by a formula: the score rises with the epoch towards one that the parameter decides.

    They keep checkpoints like trial.py: a killed driver's trial goes on from its last one, and reports that first.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.checkpoints: dict[int, int] = {}

    def run(self, policy: Controller, rng: random.Random, steps: int | None = None) -> None:
        busy: dict[int, tuple[int, float]] = {}
        while steps is None or steps > 0:
            while len(busy) < self.count and (drawn := policy.next_trial()):
                number, parameters = drawn
                assert number not in busy
                busy[number] = (self.checkpoints.get(number, 0), float(parameters["dropout"]))
            if not busy:
                assert policy.over
                return
            number = rng.choice(sorted(busy))
            epoch, dropout = busy[number]
            first = number in self.checkpoints and epoch == self.checkpoints[number] and rng.random() < 0.5
            epoch = epoch if first and epoch else epoch + 1
            self.checkpoints[number] = epoch
            busy[number] = (epoch, dropout)
            if policy.on_report(number, report(epoch, (1 - dropout) * (1 - 0.5**epoch))) is Decision.STOP:
                del busy[number]
            steps = None if steps is None else steps - 1


def test_every_trial_is_accounted_for_and_one_in_three_is_promoted(tmp_path: Path) -> None:
    log = Log()
    policy, study = open_policy(tmp_path, make_config(trials=27), log)
    Workers(2).run(policy, random.Random(0))
    policy.finish()
    records = study.records()
    assert len(records) == 27
    assert {record.state for record in records} == {"COMPLETE", "PRUNED"}
    reached = [sum(record.epoch >= rung for record in records) for rung in (*rungs(9), 9)]
    assert reached[0] == 27
    assert 9 <= reached[1] <= 14  # asynchronous promotion sends on more than one in three where later trials are better
    assert 3 <= reached[2] < reached[1]
    assert sorted(log.ended) == [(record.number, record.state) for record in records]
    assert sorted(log.epochs) == [(r.number, epoch) for r in records for epoch in sorted(r.values)]
    best = study.best()
    assert best is not None
    assert best.parameters["dropout"] == min(record.parameters["dropout"] for record in records)


def test_the_first_trial_at_a_rung_waits(tmp_path: Path) -> None:
    """Ray's ASHAScheduler lets it go on, so that few workers spend the budget on whichever came first."""
    policy, _ = open_policy(tmp_path, make_config())
    drawn = policy.next_trial()
    assert drawn is not None
    assert policy.on_report(drawn[0], report(1, 0.9)) is Decision.STOP
    assert policy.live() == set()
    following = policy.next_trial()
    assert following is not None
    assert following[0] == 1


@pytest.mark.parametrize("seed", range(8))
def test_a_driver_killed_again_and_again_ends_with_the_same_trials_and_rungs(tmp_path: Path, seed: int) -> None:
    """At every restart nothing is left but the journal and the workers' checkpoints."""
    rng, settings = random.Random(seed), make_config(trials=14)
    workers = Workers(rng.choice([1, 2, 4]))
    kills = 0
    policy, study = open_policy(tmp_path, settings)
    while True:
        before = {record.number: (record.state, record.values) for record in study.records()}
        policy, study = open_policy(tmp_path, settings)
        for record in study.records():
            state, values = before[record.number]
            assert record.values == values
            assert record.state in (state, "COMPLETE")
        workers.run(policy, rng, steps=rng.randint(1, 12))
        if policy.over:
            break
        kills += 1
    policy.finish()
    assert kills >= 3
    records = study.records()
    assert [record.number for record in records] == list(range(14))
    assert all(record.ended and sorted(record.values) == list(range(1, record.epoch + 1)) for record in records)
    assert {record.epoch for record in records} <= {*rungs(9), 9}
    assert any(record.state == "COMPLETE" for record in records)


def test_a_killed_trial_whose_last_epoch_is_known_is_complete(tmp_path: Path) -> None:
    settings = make_config(trials=1, epochs=1)
    policy, study = open_policy(tmp_path, settings)
    drawn = policy.next_trial()
    assert drawn is not None
    study.report(drawn[0], report(1, 0.5))  # and here the driver is killed, before it could tell
    log = Log()
    policy, study = open_policy(tmp_path, settings, log)
    assert policy.over
    assert study.record(0).state == "COMPLETE"
    assert log.ended == [(0, "COMPLETE")]


@pytest.mark.parametrize("name", ["train_loss", "val_loss", "val_accuracy"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_trial_that_is_not_finite_fails_with_the_reason(tmp_path: Path, name: str, value: float) -> None:
    """Every comparison of Ray's ASHAScheduler with NaN is False, so it never stops such a trial."""
    policy, study = open_policy(tmp_path, make_config())
    drawn = policy.next_trial()
    assert drawn is not None
    assert policy.on_report(drawn[0], report(2, 0.9, **{name: value})) is Decision.STOP
    record = study.record(drawn[0])
    assert (record.state, record.reason) == ("FAIL", f"{name} is {value} in epoch 2")
    assert study.best() is None


def test_an_error_and_a_lost_worker_fail_one_trial_and_the_others_go_on(tmp_path: Path) -> None:
    policy, study = open_policy(tmp_path, make_config(trials=6))
    first, second = policy.next_trial(), policy.next_trial()
    assert first is not None
    assert second is not None
    policy.on_report(first[0], {"error": "out of memory at batch size 512"})
    policy.on_lost(second[0], "its worker died 3 times")
    assert not policy.over
    Workers(2).run(policy, random.Random(0))
    policy.finish()
    assert [study.record(n).reason for n in (0, 1)] == ["out of memory at batch size 512", "its worker died 3 times"]
    assert all(record.state != "FAIL" for record in study.records()[2:])


def test_when_the_time_is_over_running_trials_stop_after_their_epoch_and_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    policy, study = open_policy(tmp_path, make_config(time_budget=60.0, epochs=27))
    drawn = policy.next_trial()
    assert drawn is not None
    assert policy.on_report(drawn[0], report(1, 0.9)) is Decision.CONTINUE
    now += 61
    assert policy.next_trial() is None
    assert not policy.over  # a worker still has the trial
    assert policy.on_report(drawn[0], report(2, 0.9)) is Decision.STOP
    assert policy.over
    assert study.record(0).state == "RUNNING", "until it has saved what it has"
    policy.finish()
    assert (study.record(0).state, study.record(0).reason) == ("PRUNED", "the time budget ran out in epoch 2")


def test_a_trial_whose_last_epochs_may_be_in_no_checkpoint_repeats_them_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    config = make_config(time_budget=60.0, epochs=27)
    policy, _ = open_policy(tmp_path, config)
    for number, score in ((0, 0.8), (1, 0.9), (2, 0.7)):
        drawn = policy.next_trial()
        assert drawn is not None
        for epoch in (1, 2):
            policy.on_report(number, report(epoch, score + epoch / 100))
    policy.note_time(last=True)
    now += 61
    policy.note_time()
    policy, study = open_policy(tmp_path, config)  # the process was killed
    assert not policy.over
    drawn = policy.next_trial()
    assert drawn is not None
    assert drawn[0] == 1, "the best"
    assert policy.next_trial() is None
    assert policy.on_report(1, report(1, 0.91)) is Decision.CONTINUE
    assert policy.on_report(1, report(2, 0.92)) is Decision.STOP
    assert policy.over
    policy.finish()
    assert {record.reason for record in study.records()} == {"the time budget ran out in epoch 2"}


def test_a_report_of_a_trial_that_gave_its_worker_back_is_ignored(tmp_path: Path) -> None:
    """Ray delivers a finished function's last result twice."""
    log = Log()
    policy, study = open_policy(tmp_path, make_config(epochs=1), log)
    drawn = policy.next_trial()
    assert drawn is not None
    policy.on_report(drawn[0], report(1, 0.9))
    assert policy.on_report(drawn[0], report(1, 0.9)) is Decision.STOP
    assert log.epochs == [(0, 1)]
    assert study.record(0).state == "COMPLETE"


def test_only_the_best_ended_trial_keeps_its_checkpoint(tmp_path: Path) -> None:
    policy, _ = open_policy(tmp_path, make_config(trials=3, epochs=2))
    scores = {0: 0.5, 1: 0.9, 2: 0.7}
    for number in scores:
        checkpoint_folder(tmp_path / "trials", number).mkdir(parents=True)
    Workers(1).run(policy, random.Random(0))
    policy.finish()
    assert len(list((tmp_path / "trials").iterdir())) == 1


def test_a_sweep_that_is_stopped_ends_its_running_trials_with_their_epoch(tmp_path: Path) -> None:
    policy, study = open_policy(tmp_path, make_config(epochs=27))
    first, second = policy.next_trial(), policy.next_trial()
    assert first is not None
    assert second is not None
    policy.on_report(first[0], report(1, 0.9))
    policy.stop("it was stopped")
    assert policy.next_trial() is None
    assert not policy.over
    assert policy.on_report(first[0], report(2, 0.8)) is Decision.STOP
    assert policy.on_report(second[0], report(1, 0.7)) is Decision.STOP
    assert policy.over
    policy.finish()
    assert [(r.state, r.reason) for r in study.records()] == [
        ("PRUNED", "it was stopped in epoch 2"),
        ("PRUNED", "it was stopped in epoch 1"),
    ]
    best = study.best()
    assert best is not None
    assert best.number == first[0]


def test_a_limit_holds_back_trials_until_it_is_lifted(tmp_path: Path) -> None:
    policy, _ = open_policy(tmp_path, make_config())
    most = 1
    policy.limit(lambda: most)
    assert policy.next_trial() is not None
    assert policy.next_trial() is None
    assert not policy.over
    most = 2
    assert policy.next_trial() is not None
    assert policy.next_trial() is None


def test_the_traceback_of_a_failed_trial_is_kept_and_the_nodes_it_ran_on(tmp_path: Path) -> None:
    policy, study = open_policy(tmp_path, make_config(epochs=81))
    drawn = policy.next_trial()
    assert drawn is not None
    for epoch, node in ((1, "a/1"), (2, "a/1"), (2, "b/2"), (3, "b/2")):  # it went on on another node from epoch 2
        policy.on_report(drawn[0], {**report(epoch, 0.5), "node": node})
    assert study.record(0).nodes == ((1, "a/1"), (3, "b/2"))
    assert policy.on_report(drawn[0], {"error": "it broke", "details": "Traceback: here"}) is Decision.STOP
    assert (tmp_path / "trials" / "0000-error.txt").read_text() == "Traceback: here"
    assert study.record(0).reason == "it broke"


def test_a_search_ends_early_when_nearly_all_trials_fail(tmp_path: Path) -> None:
    policy, study = open_policy(tmp_path, make_config(trials=50, max_failure_rate=0.7))
    for fails in (True, False, True, True, False):
        drawn = policy.next_trial()
        assert drawn
        policy.on_report(drawn[0], {"error": "broken"} if fails else report(1, 0.5))
        assert not policy.hopeless
    for _ in range(5):  # 5 of 7, then 6 of 8 of those tried
        drawn = policy.next_trial()
        if drawn is None:
            break
        policy.on_report(drawn[0], {"error": f"broken {drawn[0]}" if drawn[0] == 5 else "broken"})
    assert policy.over
    assert policy.hopeless == "5 of 7 trials failed, 4 of them with: broken"
    assert len(study.records()) == 7
    policy.finish()
    assert {record.state for record in study.records()} == {"FAIL", "PRUNED"}


def test_what_ran_out_of_memory_is_infeasible_and_what_failed_otherwise_is_not(tmp_path: Path) -> None:
    policy, study = open_policy(tmp_path, make_config(trials=2))
    for number, failure in enumerate(({"out_of_memory": True}, {})):
        drawn = policy.next_trial()
        assert drawn
        policy.on_report(number, {"error": "e", **failure})
    attributes = [trial.constraints for trial in study._frozen()]
    assert attributes == [{"memory": 1.0}, {}]


def test_a_trial_that_does_not_get_the_worker_meant_for_it_is_given_to_the_next(tmp_path: Path) -> None:
    """Ray Tune drops a trial without a word when a warm worker is not ready for it in time."""
    log = Log()
    policy, study = open_policy(tmp_path, make_config(trials=2), log)
    first, second = policy.next_trial(), policy.next_trial()
    assert first
    assert second
    policy.on_dropped(first[0])
    assert policy.live() == {second[0]}
    assert not policy.over
    assert policy.next_trial() == first
    policy.on_dropped(7)  # none of ours
    assert policy.live() == {first[0], second[0]}
    assert [record.state for record in study.records()] == ["RUNNING", "RUNNING"]
