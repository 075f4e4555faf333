"""That a sweep tries no point twice, and ends when none is left: searches with made-up scores, in the real journal."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_search import Recorder, begin, metrics_of, report_of, study_of

from tuner.core.budgets import EXHAUSTED, TRIALS_ENDED
from tuner.core.config import SweepConfig
from tuner.core.exploit import Exploit
from tuner.core.records import Value
from tuner.core.search_options import SAMPLERS
from tuner.core.sweep_request import SweepRequest
from tuner.search.finite import count_points
from tuner.search.schedulers.base import Decision
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space
from tuner.search.start_points import START
from tuner.sweeps.growth import with_more
from tuner.sweeps.most_trials import full_text, most_trials
from tuner.sweeps.outline import count_trials, fewer_note

FEW: dict[str, Any] = {
    "optimizer": {"choices": ["sgd", "adam"]},
    "momentum": {"when": {"optimizer": "sgd"}, "choices": [0.0, 0.9]},
    "dropout": {"low": 0.1, "high": 0.3, "step": 0.1},
    "width": {"low": 8, "high": 9, "log": True},
    "depth": 20,
}
SIZE = (2 + 1) * 3 * 2  # momentum multiplies the points with sgd alone


def space_of(params: dict[str, Any], **more: Any) -> SearchSpace:
    return parse_space({"epochs": 1, "params": params, **more}, "test", narrowed=True)


def config_of(params: dict[str, Any] = FEW, **changes: Any) -> SweepConfig:
    space = {"epochs": 1, "params": params}
    return make_config(**{"trials": 40, "epochs": 1, "concurrency": 1, "space": space, **changes})


def keys(points: list[dict[str, Value]], params: dict[str, Any] = FEW) -> set[Any]:
    return {space_of(params).key(point) for point in points}


def search(config: SweepConfig, folder: Path, workers: int = 1) -> tuple[list[dict[str, Value]], str]:
    """The points of a search, and what ended it. With several workers the order in which trials end is random."""
    folder.mkdir(exist_ok=True)
    controller, study = begin(config, folder)
    rng, live = random.Random(0), dict[int, dict[str, Value]]()
    while not controller.over:
        while len(live) < workers and (drawn := controller.next_trial()):
            live[drawn[0]] = drawn[1]
        number = rng.choice(sorted(live))
        epoch = study.record(number).epoch + 1
        score = 0.9 - float(live[number].get("dropout", 0.0)) / 2 - 1 / (9 * epoch)
        if controller.on_report(number, report_of(epoch, score)) is Decision.STOP:
            del live[number]
    controller.finish()
    return [dict(record.parameters) for record in study.records()], study.ended_by


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name not in ("gp", "grid")])
@pytest.mark.parametrize("workers", [1, 4])
def test_each_point_is_tried_once_and_then_the_search_ends(tmp_path: Path, sampler: str, workers: int) -> None:
    found, ended_by = search(config_of(sampler=sampler, concurrency=workers), tmp_path, workers)
    assert len(found) == len(keys(found)) == SIZE
    assert ended_by == EXHAUSTED


def test_so_does_a_gaussian_process_that_draws_ahead(tmp_path: Path) -> None:
    params = {"width": {"low": 1, "high": 7}}
    config = config_of(params, sampler="gp", concurrency=2, trials=12)
    controller, study = begin(config, tmp_path)
    with study.asking_ahead(2):
        live: list[int] = []
        while not controller.over:
            if len(live) < 2 and (drawn := controller.next_trial()):
                live.append(drawn[0])
            elif live:
                number = live.pop(0)
                controller.on_report(number, report_of(1, 0.1 * float(study.record(number).parameters["width"])))
    assert sorted(record.parameters["width"] for record in study.records()) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("scheduler", ["asha", "hyperband", "median"])
def test_trials_that_wait_are_promoted_when_no_new_one_can_come(tmp_path: Path, scheduler: str) -> None:
    config = config_of({"width": {"low": 1, "high": 5}}, scheduler=scheduler, epochs=9, sampler="random")
    controller, study = begin(config, tmp_path)
    while drawn := controller.next_trial():
        epoch, decision = study.record(drawn[0]).epoch, Decision.CONTINUE
        while decision is Decision.CONTINUE:
            epoch += 1
            decision = controller.on_report(drawn[0], report_of(epoch, float(drawn[1]["width"]) / 10))
    assert controller.over
    assert study.count == 5
    assert max(record.epoch for record in study.records()) == 9


def test_a_sampler_that_proposes_one_point_for_ever_gets_the_others_too(tmp_path: Path) -> None:
    """TPE is told that one choice is far better than all others: it hardly draws anything else."""
    config = config_of({"width": {"low": 1, "high": 40}}, trials=60, sampler="tpe")
    controller, study = begin(config, tmp_path)
    while drawn := controller.next_trial():
        controller.on_report(drawn[0], report_of(1, 0.9 if drawn[1]["width"] == 7 else 0.1))
    assert sorted(record.parameters["width"] for record in study.records()) == list(range(1, 41))


def test_as_many_trials_as_points_end_as_trials_do(tmp_path: Path) -> None:
    found, ended_by = search(config_of(trials=SIZE), tmp_path)
    assert (len(keys(found)), ended_by) == (SIZE, TRIALS_ENDED)
    (tmp_path / "cut").mkdir()
    assert search(config_of(trials=SIZE, asked_trials=40), tmp_path / "cut")[1] == EXHAUSTED


def test_a_fixed_point_is_tried_once(tmp_path: Path) -> None:
    found, ended_by = search(config_of({"depth": 20}), tmp_path)
    assert (found, ended_by) == ([{"depth": 20}], EXHAUSTED)


def test_a_point_counts_when_it_has_failed_and_in_a_sweep_that_is_resumed(tmp_path: Path) -> None:
    config = config_of(sampler="random")
    study = study_of(config, tmp_path)
    for place in range(SIZE - 2):
        number, _ = study.ask()
        if place % 2:
            study.tell(number, "FAIL", "it broke")
        study = study_of(config, tmp_path) if place % 5 == 0 else study
    assert not study.exhausted
    rest = [study.ask()[1] for _ in range(2)]
    points = [record.parameters for record in study.records()]
    assert len(keys(points)) == SIZE
    assert rest == points[-2:]
    assert study.exhausted
    assert study_of(config, tmp_path).exhausted
    assert not study_of(config, tmp_path).more


def test_points_of_another_search_space_count_where_they_lie_in_it(tmp_path: Path) -> None:
    old = config_of({"width": {"low": 1, "high": 6}, "depth": {"choices": [1, 2]}}, trials=12, sampler="random")
    before = [study_of(old, tmp_path).ask()[1] for _ in range(12)]
    assert len({tuple(point.values()) for point in before}) == 12
    earlier = [{"space": old.space, "epochs": 1, "trials": 12, "defaults": {}, "tried": 4}]
    new = {"epochs": 1, "params": {"width": {"low": 4, "high": 8}, "depth": 2}}
    study = study_of(config_of(space=new, earlier=earlier, sampler="random"), tmp_path)
    assert sorted(study.ask()[1]["width"] for _ in range(2)) == [7, 8]
    assert study.exhausted


def test_points_are_trained_again_for_more_epochs(tmp_path: Path) -> None:
    params = {"width": {"low": 1, "high": 3}}
    old = config_of(params, trials=3)
    study = study_of(old, tmp_path)
    assert len({study.ask()[1]["width"] for _ in range(3)}) == 3
    assert study.exhausted
    earlier = [{"space": old.space, "epochs": 1, "trials": 3, "defaults": {}, "tried": 0}]
    study = study_of(config_of(params, epochs=3, earlier=earlier), tmp_path)
    assert sorted(study.ask()[1]["width"] for _ in range(3)) == [1, 2, 3]
    assert study.exhausted


def test_start_points_are_tried_as_asked_also_where_a_trial_has_had_them(tmp_path: Path) -> None:
    """Those of failed trials are: see --retry-failed."""
    params = {"width": {"low": 1, "high": 3}}
    old = config_of(params)
    study = study_of(old, tmp_path)
    for _ in range(3):
        study.tell(study.ask()[0], "FAIL", "it broke")
    earlier = [{"space": old.space, "epochs": 1, "trials": 3, "defaults": {}, "tried": 1}]
    again = {**old.space, START: [{"width": 2}, {"width": 3}]}
    study = study_of(config_of(space=again, earlier=earlier), tmp_path)
    assert not study.exhausted
    assert [study.ask()[1]["width"] for _ in range(2)] == [2, 3]
    assert study.exhausted


def test_what_a_trial_takes_over_from_another_is_no_point_of_its_own(tmp_path: Path) -> None:
    config = config_of({"width": {"low": 1, "high": 3}, "lr": {"choices": [0.1, 0.2]}}, sampler="random")
    study = study_of(config, tmp_path)
    one, other = study.ask(), study.ask()
    study.report(one[0], metrics_of(1, 0.5))
    study.note_exploits(one[0], [Exploit(epoch=1, donor=other[0], before=one[1], after={"width": 77, "lr": 0.7})])
    study = study_of(config, tmp_path)
    points = [one[1], other[1], *(study.ask()[1] for _ in range(4))]
    assert len({tuple(point.values()) for point in points}) == 6
    assert study.exhausted


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes"])
def test_a_search_that_draws_nothing_twice_draws_what_it_drew_before(
    tmp_path: Path, sampler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {"lr": {"low": 1e-3, "high": 1.0, "log": True}, **FEW}
    found, _ = search(config_of(params, sampler=sampler, trials=20), tmp_path / "a")
    monkeypatch.setattr("tuner.search.new_points.NewPoints.may_try", lambda *_: True)
    assert search(config_of(params, sampler=sampler, trials=20), tmp_path / "b")[0] == found


def test_a_space_too_large_to_be_listed_ends_when_no_new_point_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.search.finite.MOST_POINTS", 3)
    params = {"width": {"low": 1, "high": 5}}
    recorder = Recorder()
    config = config_of(params, sampler="random")
    controller, study = begin(config, tmp_path, recorder)
    while not controller.over:
        if drawn := controller.next_trial():
            controller.on_report(drawn[0], report_of(1, 0.5))
    assert sorted(record.parameters["width"] for record in study.records()[:5]) == [1, 2, 3, 4, 5]
    assert [(r.state, r.reason) for r in study.records()[5:]] == [("FAIL", "no new point was found for it")]
    assert controller.ending.ended_by == EXHAUSTED


@pytest.mark.parametrize(
    ("params", "size"),
    [
        (FEW, SIZE),
        ({"lr": {"low": 0.1, "high": 1.0}}, None),
        ({"width": {"low": 1, "high": 10**6}}, None),
        ({"width": {"low": 1, "high": 10, "step": 3}}, 4),
        ({"lr": {"low": 0.1, "high": 0.7, "step": 0.2}, "depth": 3}, 4),
        ({"a": {"choices": [1, 2]}, "b": {"when": {"a": 3}, "low": 0.1, "high": 0.5}}, 2),  # b is never there
        ({"a": {"choices": [1, 2]}, "b": {"when": {"a": 2}, "low": 0.1, "high": 0.5}}, None),
    ],
)
def test_points_are_counted_as_they_can_be_drawn(params: dict[str, Any], size: int | None) -> None:
    assert count_points(space_of(params)) == size


@pytest.mark.parametrize(
    ("params", "asked", "trials", "note"),
    [
        ({"depth": 20}, None, 1, "the search space has 1 point, and each is tried once: 1 trial in place of 24"),
        (FEW, 40, SIZE, "the search space has 18 points, and each is tried once: 18 trials in place of 40"),
        (FEW, 18, 18, ""),
        ({"lr": {"low": 0.1, "high": 1.0}}, None, 24, ""),
    ],
)
def test_a_sweep_has_no_more_trials_than_points(
    params: dict[str, Any], asked: int | None, trials: int, note: str
) -> None:
    request = SweepRequest(dataset="digits", model="cnn", trials=asked)
    assert count_trials(request, space_of(params)) == trials
    assert fewer_note(request, trials) == note


def test_a_sweep_that_has_tried_each_point_does_not_grow() -> None:
    config = config_of({"width": {"low": 1, "high": 5}}, trials=5, asked_trials=24)
    assert most_trials(config) == 5
    assert full_text(config, 5) == "demo has tried each point of its search space: give it more with --set or --space"
    assert with_more(config, 5) == ""
    earlier = [{"space": config.space, "epochs": 1, "trials": 5, "defaults": {}, "tried": 3}]
    assert most_trials(config_of({"width": {"low": 3, "high": 9}}, trials=5, earlier=earlier)) == 5 + 7 - 3


def test_points_with_relations_are_counted_without_those_that_break_one() -> None:
    params = {"a": {"low": 1, "high": 4}, "b": {"low": 1, "high": 4}}
    assert count_points(space_of(params, constrain=["a * b <= 4", "a != b"])) == 6
