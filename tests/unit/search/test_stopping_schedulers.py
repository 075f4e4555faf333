"""The schedulers beside ASHA, in searches with made-up scores: what the study holds."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.tune.schedulers.async_hyperband import _Bracket
from support.common import make_config
from support.made_up_search import begin, metrics_of, report_of
from support.summaries import record

from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.core.search_options import SCHEDULERS
from tuner.search.controller import Controller
from tuner.search.schedulers import make_scheduler
from tuner.search.schedulers.asha import ETA, rungs
from tuner.search.schedulers.asha_stop import StoppingAsha
from tuner.search.schedulers.base import Decision, expected_epochs
from tuner.search.schedulers.hyperband import Hyperband
from tuner.search.schedulers.ladder import Ladder
from tuner.search.schedulers.median import LEAST_OTHERS, MedianStopping
from tuner.search.study import Study

Score = Callable[[int, int], float]


def run(config: SweepConfig, folder: Path, score: Score) -> Study:
    """A search with one worker at a time; `score` gives that of a trial after an epoch."""
    controller, study = begin(config, folder)
    while drawn := controller.next_trial():
        number, epoch = drawn[0], study.record(drawn[0]).epoch
        while True:
            epoch += 1
            if controller.on_report(number, report_of(epoch, score(number, epoch))) is Decision.STOP:
                break
    assert controller.over
    controller.finish()
    return study


def shuffled(count: int, seed: int = 0) -> Sequence[float]:
    scores = [(number + 1) / (count + 1) for number in range(count)]
    random.Random(seed).shuffle(scores)
    return scores


def ends(study: Study) -> list[int]:
    return [each.epoch for each in study.records()]


def test_with_none_every_trial_trains_all_its_epochs(tmp_path: Path) -> None:
    study = run(make_config(trials=12, scheduler="none"), tmp_path, lambda number, _: number / 20)
    assert ends(study) == [9] * 12
    assert {each.state for each in study.records()} == {"COMPLETE"}


def test_asha_stop_lets_each_trial_go_on_that_is_among_the_best_third_so_far(tmp_path: Path) -> None:
    scores = (0.5, 0.4, 0.6, 0.55, 0.3, 0.2, 0.7)
    study = run(make_config(trials=7, epochs=9, scheduler="asha-stop"), tmp_path, lambda number, _: scores[number])
    # Rung 1: 0 is the first; 1 is the 2nd of 2; 2 the best of 3; 3 the 2nd of 4, of which two go on; 6 the best of 7.
    assert [end > 1 for end in ends(study)] == [True, False, True, True, False, False, True]
    # Rung 3: 0 is the first there, 2 is the best of two, 3 the 2nd of three, 6 the best of four.
    assert ends(study) == [9, 1, 9, 3, 1, 1, 9]
    reasons, told = {r.number: r.reason for r in study.records() if r.epoch == 1}, "stopped early after epoch 1"
    assert reasons == {
        1: f"{told}: 2nd of 2 so far, val_accuracy 0.4000; the best one goes on, with 0.5000 or more",
        4: f"{told}: 5th of 5 so far, val_accuracy 0.3000; the best 2 go on, with 0.5500 or more",
        5: f"{told}: 6th of 6 so far, val_accuracy 0.2000; the best 2 go on, with 0.5500 or more",
    }
    assert [each.state for each in study.records()].count("COMPLETE") == 3


def test_asha_stop_sends_on_as_many_as_rays_scheduler(tmp_path: Path) -> None:
    """That takes a percentile of those before, this the third of those so far."""
    kept, stock = list[int](), list[int]()
    for seed in range(6):
        scores = shuffled(40, seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        kept.append(sum(end > 1 for end in ends(run(_stopping(40), folder, _by(scores)))))
        bracket = _Bracket(min_t=1, max_t=9, reduction_factor=ETA, s=0)
        stock.append(
            sum(
                bracket.on_result(SimpleNamespace(trial_id=str(n)), 1, score) == "CONTINUE"
                for n, score in enumerate(scores)
            )
        )
    assert sum(kept) == pytest.approx(sum(stock), rel=0.15)
    assert sum(kept) / 6 == pytest.approx(StoppingAsha(epochs=2).going_on(40, 40, 0, rung=1), rel=0.15)


def _stopping(trials: int) -> SweepConfig:
    return make_config(trials=trials, epochs=2, scheduler="asha-stop", sampler="random")


def _by(scores: Sequence[float]) -> Score:
    return lambda number, _: scores[number]


def test_no_trial_waits_where_they_stop(tmp_path: Path) -> None:
    for scheduler in ("asha-stop", "median"):
        (tmp_path / scheduler).mkdir()
        controller, study = begin(make_config(trials=12, scheduler=scheduler), tmp_path / scheduler)
        for score in shuffled(12):
            drawn = controller.next_trial()
            assert drawn is not None
            assert drawn[0] == study.count - 1  # a new one: none is taken up again
            epoch = 1
            while controller.on_report(drawn[0], report_of(epoch, score)) is Decision.CONTINUE:
                epoch += 1
            assert study.record(drawn[0]).ended


def test_median_ends_a_trial_that_is_below_the_median_of_the_others(tmp_path: Path) -> None:
    grace = MedianStopping(epochs=18).rungs()
    assert grace == (2, 4, 6, 8, 10, 12, 14, 16)
    scores = (0.1, 0.2, 0.3, 0.4, 0.5, 0.35, 0.32, 0.33, 0.9)
    config = make_config(trials=9, epochs=18, scheduler="median")
    study = run(config, tmp_path, lambda number, _: scores[number])
    # The first five have too few others. Number 5 has 2 of 5 above it, 6 and 7 have 3 of 6 and of 7, and 8 is the best.
    assert ends(study) == [18] * 9
    low = (*scores[:6], 0.19, 0.33, 0.9)
    (tmp_path / "low").mkdir()
    study = run(config, tmp_path / "low", lambda number, _: low[number])
    assert ends(study) == [18] * 6 + [2, 18, 18]
    assert study.record(6).reason == (
        "stopped early after epoch 2: 6th of 7 so far, val_accuracy 0.1900; the best 4 go on, with 0.3000 or more"
    )


def test_median_goes_by_what_a_trial_was_until_then(tmp_path: Path) -> None:
    """A single bad epoch ends no trial; falling behind does."""

    def score(number: int, epoch: int) -> float:
        if number < LEAST_OTHERS + 1:
            return 0.1 * epoch
        if number == 6:
            return 0.0 if epoch == 2 else 0.2
        return 0.0 if epoch == 4 else 0.15 * epoch

    study = run(make_config(trials=8, epochs=9, scheduler="median"), tmp_path, score)
    assert ends(study) == [9] * 6 + [3, 9]


def test_hyperband_compares_a_part_of_the_trials_later_or_never(tmp_path: Path) -> None:
    scheduler = Hyperband(epochs=9)
    assert rungs(9) == (1, 3)
    given = Counter(scheduler.rungs_of(number) for number in range(17))
    assert given == {(1, 3): 9, (3,): 5, (): 3}
    assert Counter(scheduler.rungs_of(number) for number in range(6)) == {(1, 3): 3, (3,): 2, (): 1}
    scores = shuffled(34)
    study = run(make_config(trials=34, scheduler="hyperband"), tmp_path, _by(scores))
    for bracket in given:
        members = [n for n in range(34) if scheduler.rungs_of(n) == bracket]
        assert {ends(study)[n] for n in members} == {*bracket, 9}
        best = max(members, key=lambda n: scores[n])
        assert ends(study)[best] == 9
        left = len(members)
        for rung in bracket:  # the best third of the bracket, rounded up when no more come
            left = math.ceil(left / ETA)
            assert sum(ends(study)[n] > rung for n in members) == left
    reasons = {each.reason for each in study.records() if each.state == "PRUNED"}
    assert all(re.search(r"\d+(st|nd|rd|th) of \d+ of its bracket there, val_", reason) for reason in reasons)


@pytest.mark.parametrize("trials", [1, 5, 16, 17, 40, 1000])
@pytest.mark.parametrize("epochs", [1, 2, 3, 9, 27])
def test_the_brackets_of_hyperband_have_as_many_trials_as_their_sizes_say(trials: int, epochs: int) -> None:
    scheduler = Hyperband(epochs=epochs)
    counted = Counter(scheduler.rungs_of(number) for number in range(trials))
    assert {rungs: size for rungs, size in scheduler.brackets(trials).items() if size} == counted


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("epochs", [1, 9])
def test_a_search_ends_and_trains_about_what_is_expected(tmp_path: Path, scheduler: str, epochs: int) -> None:
    config = make_config(trials=51, epochs=epochs, concurrency=1, scheduler=scheduler, sampler="random")
    trained = 0
    for seed in range(4):
        folder = tmp_path / str(seed)
        folder.mkdir()
        study = run(config, folder, _by(shuffled(51, seed)))
        trained += sum(ends(study))
        assert all(each.ended for each in study.records())
        best = study.best()
        assert best is not None
        assert best.epoch == epochs
    assert trained / 4 == pytest.approx(expected_epochs(make_scheduler(config), 51, epochs), rel=0.25)


@pytest.mark.parametrize(
    ("scheduler", "workers"),
    [*((scheduler, 1) for scheduler in SCHEDULERS), *((scheduler, 3) for scheduler in ("asha-stop", "median", "none"))],
)
def test_a_sweep_that_is_reopened_at_any_step_decides_alike(tmp_path: Path, scheduler: str, workers: int) -> None:
    """The driver dies before or after each report, and between a report and its decision.

    Where trials wait, and there are several workers, it also counts who comes first, which a kill changes.
    """
    config = make_config(trials=20, epochs=9, concurrency=workers, scheduler=scheduler, sampler="random")
    scores = shuffled(20, 5)

    def search(folder: Path, kills: random.Random | None) -> list[TrialRecord]:
        folder.mkdir()
        controller, study = begin(config, folder)
        order: list[int] = []  # who reports next; with several workers they take turns
        while True:
            while len(controller.live()) < workers and (drawn := controller.next_trial()):
                order.append(drawn[0])
            if not order:
                assert controller.over
                controller.finish()
                return study.records()
            number = order.pop(0)
            epoch = study.record(number).epoch + 1
            if kills and kills.random() < 0.3:  # it was stored, and the driver died before it could decide
                study.report(number, metrics_of(epoch, scores[number]))
                controller, study, order = _reopened(config, folder, order, number)
                continue
            if controller.on_report(number, report_of(epoch, scores[number])) is Decision.CONTINUE:
                order.append(number)
            if kills and kills.random() < 0.3:
                controller, study, order = _reopened(config, folder, order)

    whole = search(tmp_path / "whole", None)
    for seed in range(4):
        killed = search(tmp_path / str(seed), random.Random(seed))
        assert [(each.number, each.state, each.epoch, each.reason) for each in killed] == [
            (each.number, each.state, each.epoch, each.reason) for each in whole
        ]


def _reopened(
    config: SweepConfig, folder: Path, order: list[int], last: int | None = None
) -> tuple[Controller, Study, list[int]]:
    """A new process, in which the same trials run in the same order; the last one only if it goes on."""
    controller, study = begin(config, folder)
    before = [*order, *([] if last is None else [last])]
    begun: list[int] = []
    while len(begun) < len(before) and (drawn := controller.next_trial()):
        begun.append(drawn[0])
    return controller, study, [n for n in before if n in begun] + [n for n in begun if n not in before]


@pytest.mark.parametrize("scheduler", ["asha-stop", "median"])
def test_a_trial_that_a_kill_hit_at_a_rung_is_compared_with_those_that_came_before_it(
    tmp_path: Path, scheduler: str
) -> None:
    """It had gone on; later trials were better, and nothing says any more that it had."""
    config = make_config(trials=20, epochs=9, scheduler=scheduler)
    _, study = begin(config, tmp_path)
    for score in [0.2, 0.1, 0.3, *(0.4 + n / 100 for n in range(10))]:
        study.report(study.ask()[0], metrics_of(1, score))
    _, study = begin(config, tmp_path)
    assert [each.ended for each in study.records()] == [False, scheduler == "asha-stop", *[False] * 11]


def test_a_trial_that_runs_when_the_time_is_over_is_not_said_to_be_worse(tmp_path: Path) -> None:
    controller, study = begin(make_config(scheduler="asha-stop"), tmp_path)
    drawn = controller.next_trial()
    assert drawn is not None
    controller.ending.stop("it was stopped")
    assert controller.on_report(drawn[0], report_of(1, 0.5)) is Decision.STOP
    controller.finish()
    assert (study.record(0).state, study.record(0).reason) == ("PRUNED", "it was stopped in epoch 1")


def test_those_that_reached_a_rung_are_in_the_order_in_which_they_came() -> None:
    late, early = record(0, "RUNNING", 0.5, time=9.0), record(1, "RUNNING", 0.4, time=5.0)
    [rung] = Ladder.of((1,), [late, early]).rungs
    assert list(rung.ranks) == [1, 0]
    assert len(rung.before(0)) == 1
    assert not rung.before(1)
