"""Points that are drawn in the background, while other trials train."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from support.common import make_config
from support.made_up_search import begin, report_of, study_of

from tuner.core.config import SweepConfig
from tuner.core.records import Value
from tuner.search.controller import Controller
from tuner.search.study import Study

PARAMS: dict[str, Any] = {
    "optimizer": {"choices": ["sgd", "adam"]},
    "momentum": {"when": {"optimizer": "sgd"}, "low": 0.0, "high": 0.9},
    "dropout": {"low": 0.0, "high": 0.5},
    "width": {"low": 8, "high": 64},
}


def config_of(**changes: Any) -> SweepConfig:
    values: dict[str, Any] = {"sampler": "gp", "trials": 12, "epochs": 1, "scheduler": "none"}
    return make_config(**{**values, "space": {"epochs": 1, "params": PARAMS}, **changes})


def report(controller: Controller, drawn: tuple[int, dict[str, Value]]) -> None:
    """A trial is trained to its end."""
    number, parameters = drawn
    controller.on_report(number, report_of(1, 0.9 - float(parameters["dropout"])))


def beyond_the_first_points(controller: Controller, study: Study) -> tuple[int, dict[str, Value]]:
    """Runs the trials that are drawn at random, and some more. Returns one that still runs."""
    drawn = controller.next_trial()
    while study.count < 6:
        assert drawn is not None
        other = controller.next_trial()
        report(controller, drawn)
        drawn = other or controller.next_trial()
    assert drawn is not None
    return drawn


def test_no_call_waits_while_a_trial_runs_and_each_point_is_drawn_by_the_sampler(tmp_path: Path) -> None:
    controller, study = begin(config_of(), tmp_path)
    waits = 0
    with study.asking_ahead(2):
        running = [beyond_the_first_points(controller, study)]
        while running:
            while len(running) < 2 and (drawn := controller.next_trial()):
                running.append(drawn)
            if len(running) < 2 and study.count < 12:
                waits += 1  # it is being drawn: the call came back without it
                continue
            report(controller, running.pop(0))
    assert controller.over
    points = [record.parameters for record in study.records()]
    assert [record.state for record in study.records()] == ["COMPLETE"] * 12
    late = [float(point["dropout"]) for point in points[8:]]
    assert sum(late) / len(late) < 0.15  # a random one has 0.25 on average, and the best is 0
    assert all(("momentum" in point) == (point["optimizer"] == "sgd") for point in points)
    assert waits  # it takes longer than a call


def test_a_point_that_nobody_has_taken_is_not_in_the_study(tmp_path: Path) -> None:
    """Whatever moment a process is killed at, resuming finds the trials that workers had, and no other."""
    config, folder, copy = config_of(), tmp_path / "x", tmp_path / "copy"
    folder.mkdir()
    controller, study = begin(config, folder)
    with study.asking_ahead(2):
        beyond_the_first_points(controller, study)
        shutil.copytree(folder, copy / "thinking")
        while not study.ready:
            pass
        shutil.copytree(folder, copy / "thought")
    for name in ("thinking", "thought"):
        again = study_of(config, copy / name)
        assert [record.parameters for record in again.records()] == [record.parameters for record in study.records()]
        assert all(record.parameters for record in again.records())


def test_where_nothing_else_runs_the_point_is_waited_for(tmp_path: Path) -> None:
    """A worker that gets nothing is told so only while others may bring something."""
    controller, study = begin(config_of(), tmp_path)
    with study.asking_ahead(2):
        report(controller, beyond_the_first_points(controller, study))
        while controller.live():
            number = controller.live().pop()
            report(controller, (number, study.record(number).parameters))
        assert controller.next_trial() is not None


def test_a_single_worker_searches_as_without_it(tmp_path: Path) -> None:
    """So the same seed gives the same trials to the digit."""
    config = config_of(concurrency=1, trials=8, seed=4)
    found = []
    for name, aside in (("ahead", study_of_one), ("plain", nullcontext)):
        (tmp_path / name).mkdir()
        controller, study = begin(config, tmp_path / name)
        with aside(study):
            while drawn := controller.next_trial():
                report(controller, drawn)
        found.append([record.parameters for record in study.records()])
    assert found[0] == found[1]


def study_of_one(study: Study) -> AbstractContextManager[None]:
    return study.asking_ahead(1)
