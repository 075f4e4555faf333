"""The rungs as a search keeps them up to date are those that its trials give anew."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.common import make_config
from support.made_up_search import begin, report_of
from support.summaries import record

from tuner.core.search_options import SCHEDULERS
from tuner.search.controller import Controller
from tuner.search.schedulers.base import Decision
from tuner.search.schedulers.ladder import Ladder, Ladders
from tuner.search.study import Study


def content(ladders: Ladders) -> list[object]:
    return [
        (rung.epoch, [*rung.ranks.items()], rung.waiting(len(rung.ranks)), rung.promoted, ladder.coming(rung))
        for ladder in ladders
        for rung in ladder.rungs
    ]


def check(controller: Controller, study: Study) -> None:
    anew = Ladders(controller._scheduler.rungs_of, study.records(), controller.live())
    assert content(controller._queue.ladders) == content(anew)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("seed", range(12))
def test_after_every_step_they_are_those_of_the_trials(tmp_path: Path, seed: int, scheduler: str) -> None:
    """With trials that fail, lose their worker, or get none, and a process that is killed at any time."""
    rng = random.Random(seed)
    config = make_config(trials=14, epochs=9, concurrency=rng.choice([1, 3]), seed=seed, scheduler=scheduler)
    controller, study = begin(config, tmp_path)
    for _ in range(400):
        while len(controller.live()) < config.concurrency and (drawn := controller.next_trial()):
            check(controller, study)
            if rng.random() < 0.1:
                controller.on_dropped(drawn[0])
                check(controller, study)
        if not controller.live():
            break
        number = rng.choice(sorted(controller.live()))
        chance = rng.random()
        if chance < 0.03:
            controller.on_lost(number, "its worker died")
        elif chance < 0.06:
            controller, study = begin(config, tmp_path)
        else:
            loss = float("nan") if chance < 0.09 else 1.0
            controller.on_report(number, report_of(study.record(number).epoch + 1, rng.random(), val_loss=loss))
        check(controller, study)
    assert controller.over
    controller.finish()
    check(controller, study)
    assert all(each.ended for each in study.records())


def test_the_best_wait_first_and_of_equals_the_first() -> None:
    waiting = [record(n, "RUNNING", score) for n, score in enumerate((0.2, 0.5, 0.9, 0.5))]
    [rung] = Ladder.of((1,), waiting).rungs
    assert rung.waiting(4) == [2, 1, 3, 0]
    assert rung.waiting(2) == [2, 1]
    assert rung.waiting(0) == rung.waiting(-1) == []


def test_a_trial_that_was_pruned_at_a_rung_was_not_promoted_from_it() -> None:
    [rung] = Ladder.of(
        (1,), [record(0, "PRUNED", 0.9), record(1, "RUNNING", 0.5, 0.6), record(2, "RUNNING", 0.1)]
    ).rungs
    assert (rung.promoted, rung.waiting(3)) == (1, [2])


def test_deciding_reads_no_trial_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it costs as much with ten thousand trials as with ten."""
    controller, study = begin(make_config(trials=60, epochs=9, concurrency=2), tmp_path)
    monkeypatch.setattr(study, "records", lambda: pytest.fail("it reads all trials"))
    decisions = set()
    for _ in range(200):
        drawn = controller.next_trial()
        if drawn is None:
            break
        decision, epoch = Decision.CONTINUE, study.record(drawn[0]).epoch
        while decision is Decision.CONTINUE:
            epoch += 1
            decision = controller.on_report(drawn[0], report_of(epoch, drawn[0] / 99))
            decisions.add(decision)
    assert controller.over
    assert study.count == 60
    assert decisions == {Decision.CONTINUE, Decision.STOP}
