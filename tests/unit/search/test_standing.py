"""What is told of trials that did not go on from a rung: decided then, and kept with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.common import make_config, make_record
from support.made_up_search import begin, report_of

from tuner.core.objective import Goal
from tuner.search.schedulers.base import Decision
from tuner.search.schedulers.ladder import Rung
from tuner.search.schedulers.standing import waited_text
from tuner.search.study import Study
from tuner.search.study_reader import read_records
from tuner.sweeps.logs import events


def search(folder: Path, scores: list[float], **changes: object) -> Study:
    config = make_config(**{"trials": len(scores), "epochs": 9, "concurrency": 1, "sampler": "random", **changes})
    controller, study = begin(config, folder)
    while drawn := controller.next_trial():
        epoch, decision = study.record(drawn[0]).epoch, Decision.CONTINUE
        while decision is Decision.CONTINUE:
            epoch += 1
            decision = controller.on_report(drawn[0], report_of(epoch, scores[drawn[0]]))
    controller.finish()
    return study


def test_a_trial_that_waits_is_told_its_place_and_what_those_had_that_went_on(tmp_path: Path) -> None:
    scores = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    study = search(tmp_path, scores)
    assert study.record(0).reason == (
        "stopped early after epoch 1: 9th of 9 there, val_accuracy 0.1000; 3 went on, with 0.3000 or more"
    )
    assert study.record(4).reason == (
        "stopped early after epoch 1: 5th of 9 there, val_accuracy 0.5000; 3 went on before there was a place for it, "
        "with 0.3000 or more"
    )
    again = read_records(tmp_path / "study.log")
    assert [record.reason for record in again] == [record.reason for record in study.records()]
    told = [event.text for event in events(again) if event.trial == 0]
    assert told[-1].endswith("9th of 9 there, val_accuracy 0.1000; 3 went on, with 0.3000 or more")


def test_so_is_one_that_waits_when_the_search_is_cut_short(tmp_path: Path) -> None:
    config = make_config(trials=9, epochs=9, concurrency=1, sampler="random")
    controller, study = begin(config, tmp_path)
    for score in (0.5, 0.4):
        drawn = controller.next_trial()
        assert drawn
        controller.on_report(drawn[0], report_of(1, score))
    controller.ending.stop("tuner stop ended the search")
    controller.finish()
    assert [record.reason for record in study.records()] == [
        "stopped early after epoch 1: 1st of 2 there, val_accuracy 0.5000; none went on",
        "stopped early after epoch 1: 2nd of 2 there, val_accuracy 0.4000; none went on",
    ]


def rung_of(goal: Goal, *losses: float) -> Rung:
    """A rung that so many trials reached. The first one has gone on, the others wait."""
    rung = Rung(1)
    for number, loss in enumerate(losses):
        record = make_record(number, "RUNNING", {1: {"time": 1.0, "val_accuracy": 1 - loss, "val_loss": loss}})
        object.__setattr__(record, "goal", goal)
        object.__setattr__(record, "values", {1: loss})
        rung.reach(record)
    rung.wait_all(range(1, len(losses)))
    return rung


def test_of_an_objective_to_be_minimized_those_go_on_that_have_less() -> None:
    goal = Goal.parse("val_loss")
    text = waited_text(rung_of(goal, 0.25, 0.5, 0.3), 1, goal)
    assert text == "3rd of 3 there, val_loss 0.5000; 1 went on, with 0.2500 or less"


def test_of_two_objectives_a_place_is_told_and_no_number_decides() -> None:
    goal = Goal.parse("val_loss,val_accuracy")
    assert waited_text(rung_of(goal, 0.25, 0.5, 0.3), 1, goal) == "3rd of 3 there; 1 went on"


def test_places_are_right_after_a_trial_has_failed() -> None:
    goal = Goal.parse("val_loss")
    rung = rung_of(goal, 0.25, 0.5, 0.3)
    assert rung.better(1) == 2
    rung.forget(2)
    assert rung.better(1) == 1
    assert rung.best(1) == rung.ranks[0]


@pytest.mark.parametrize("scheduler", ["asha", "hyperband", "asha-stop", "median", "pasha"])
def test_every_trial_that_is_stopped_at_a_rung_is_told_its_place(tmp_path: Path, scheduler: str) -> None:
    study = search(tmp_path, [(n * 7 % 17) / 17 for n in range(17)], scheduler=scheduler)
    stopped = [record for record in study.records() if record.state == "PRUNED"]
    assert stopped
    assert all(f"after epoch {record.epoch}: " in record.reason for record in stopped)
    assert all(f", val_accuracy {record.score:.4f}; " in record.reason for record in stopped)
