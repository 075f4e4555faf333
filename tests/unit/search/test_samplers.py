"""Each sampler in searches with made-up scores: what the study holds in the end."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState
from scipy.stats import qmc
from support.common import make_config
from support.made_up_search import begin, metrics_of, report_of, study_of

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.records import Value
from tuner.core.search_options import SAMPLERS
from tuner.search.comparable import Scores
from tuner.search.finite import MOST_POINTS
from tuner.search.samplers import Sampling
from tuner.search.samplers.grid import grid_size
from tuner.search.samplers.view import MOST_BEST, _best
from tuner.search.schedulers.base import Decision
from tuner.search.space_file import parse_space

RANGES: dict[str, Any] = {
    "optimizer": {"choices": ["sgd", "adam"]},
    "lr": [
        {"when": {"optimizer": "sgd"}, "low": 0.01, "high": 1.0, "log": True},
        {"when": {"optimizer": "adam"}, "low": 1e-4, "high": 1e-2, "log": True},
    ],
    "dropout": {"low": 0.0, "high": 0.5},
    "width": {"low": 8, "high": 64},
    "depth": 20,
}
STEPS: dict[str, Any] = {
    "optimizer": {"choices": ["sgd", "adam", "adamw"]},
    "momentum": {"when": {"optimizer": "sgd"}, "choices": [0.0, 0.9]},
    "dropout": {"low": 0.1, "high": 0.5, "step": 0.2},
    "depth": {"low": 1, "high": 2},
}


def config_of(sampler: str, params: dict[str, Any] | None = None, **changes: Any) -> SweepConfig:
    params = params or (STEPS if sampler == "grid" else RANGES)
    return make_config(**{"sampler": sampler, "space": {"epochs": 1, "params": params}, "epochs": 1, **changes})


def score_of(parameters: dict[str, Value]) -> float:
    """Best with little dropout and a high learning rate."""
    return 0.5 - float(parameters["dropout"]) / 2 + 0.1 * math.log10(float(parameters.get("lr", 1.0)) * 1e4) / 4


def search(config: SweepConfig, folder: Path, *, reopen: bool = False) -> list[dict[str, Value]]:
    """The points of a search with one worker; each process may end after one report."""
    folder.mkdir(exist_ok=True)
    controller, study = begin(config, folder)
    while drawn := controller.next_trial():
        number, parameters = drawn
        decision, epoch = Decision.CONTINUE, study.record(number).epoch
        while decision is Decision.CONTINUE:
            epoch += 1
            decision = controller.on_report(number, report_of(epoch, score_of(parameters) * (1 - 0.5**epoch)))
        if reopen:
            controller, study = begin(config, folder)
    assert controller.over
    return [dict(record.parameters) for record in study.records()]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_seed_gives_the_same_trials_also_when_the_sweep_is_reopened_after_each(
    tmp_path: Path, sampler: str
) -> None:
    config = config_of(sampler, trials=10, epochs=3, concurrency=1, seed=7)
    found = search(config, tmp_path / "a")
    assert found == search(config, tmp_path / "b")
    assert found == search(config, tmp_path / "c", reopen=True)
    assert found != search(config_of(sampler, trials=10, epochs=3, concurrency=1, seed=8), tmp_path / "d")
    assert {name for point in found for name in point} == set(STEPS if sampler == "grid" else RANGES)


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes"])
def test_one_that_learns_gathers_where_the_score_is_high(tmp_path: Path, sampler: str) -> None:
    found = search(config_of(sampler, trials=30, concurrency=1, seed=3), tmp_path)
    late = [float(point["dropout"]) for point in found[18:]]
    assert sum(late) / len(late) < 0.15  # a uniform draw has 0.25 on average
    lr = [math.log10(float(point["lr"])) for point in found[18:] if point["optimizer"] == "sgd"]
    if sampler != "tpe":
        assert sum(lr) / len(lr) > -1  # a parameter that only some trials have is learnt as well, by TPE


def test_random_points_do_not_depend_on_the_scores(tmp_path: Path) -> None:
    config = config_of("random", trials=30, seed=1)
    study = study_of(config, tmp_path)
    found = [study.ask()[1] for _ in range(30)]  # nothing is ever reported
    (tmp_path / "other").mkdir()
    assert found == search(config, tmp_path / "other")
    assert Counter(point["optimizer"] for point in found)["sgd"] > 5


def test_the_points_of_qmc_are_a_scrambled_sobol_sequence(tmp_path: Path) -> None:
    """Also where several run at a time, and for parameters that only some trials have."""
    config = config_of("qmc", trials=16, seed=5)
    study = study_of(config, tmp_path)
    found = [study.ask()[1] for _ in range(16)]
    names = ["optimizer", "lr (sgd)", "lr (adam)", "dropout", "width"]
    sequence = qmc.Sobol(len(names), seed=5).random(16)
    for point, place in zip(found, sequence, strict=True):
        at = dict(zip(names, place, strict=True))
        assert point["optimizer"] == ("sgd", "adam")[int(2 * at["optimizer"])]
        assert point["dropout"] == pytest.approx(0.5 * at["dropout"])
        low, lr = (-2, at["lr (sgd)"]) if point["optimizer"] == "sgd" else (-4, at["lr (adam)"])
        assert math.log10(float(point["lr"])) == pytest.approx(low + 2 * lr)
    sixteenths = sorted(int(32 * float(point["dropout"])) for point in found)
    assert sixteenths == list(range(16))  # one in each sixteenth of the range: that is what it is for
    assert [point["optimizer"] for point in found].count("sgd") == 8


def test_the_grid_has_each_point_once_in_an_order_that_the_seed_decides(tmp_path: Path) -> None:
    space = parse_space({"epochs": 1, "params": STEPS}, "test")
    size = grid_size(space)
    assert size == (2 + 1 + 1) * 3 * 2  # momentum multiplies the points with sgd alone
    found = search(config_of("grid", trials=size), tmp_path / "a")
    assert len({tuple(sorted(point.items())) for point in found}) == size
    assert {point["dropout"] for point in found} == {0.1, 0.3, 0.5}
    assert {point["depth"] for point in found} == {1, 2}
    other = search(config_of("grid", trials=size, seed=1), tmp_path / "b")
    assert other != found
    assert sorted(map(str, other)) == sorted(map(str, found))
    few = search(config_of("grid", trials=9), tmp_path / "c")
    assert few == found[:9]
    assert search(config_of("grid", trials=size + 2), tmp_path / "d") == found


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            RANGES,
            "--sampler grid: lr (sgd) is a range without steps: give it a step, or choices such as --set lr=0.01,1",
        ),
        (
            {"a": {"low": 1, "high": 1000}, "b": {"low": 1, "high": 1000}},
            f"--sampler grid: the space has more than {MOST_POINTS:,} points: give fewer choices or steps",
        ),
    ],
)
def test_a_space_that_has_no_grid_is_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(TunerError) as refused:
        grid_size(parse_space({"epochs": 1, "params": params}, "test"))
    assert str(refused.value) == message


def test_a_range_that_no_point_has_does_not_keep_a_space_from_having_a_grid() -> None:
    params = {
        "optimizer": "adam",
        "momentum": {**RANGES["dropout"], "when": {"optimizer": "sgd"}},
        "depth": STEPS["depth"],
    }
    assert grid_size(parse_space({"epochs": 1, "params": params}, "test", narrowed=True)) == 2


@pytest.mark.parametrize("infeasible", [True, False])
def test_a_gaussian_process_does_not_come_back_to_points_that_fail(tmp_path: Path, infeasible: bool) -> None:
    """It is sure of its best guess: if it knew nothing of a failure, it would try the same again and again."""
    config = config_of("gp", {"x": {"low": 0.0, "high": 1.0}}, trials=24, seed=2)
    study, late = study_of(config, tmp_path), []
    for _ in range(24):
        number, parameters = study.ask()
        x = float(parameters["x"])
        if x > 0.5:
            study.tell(number, "FAIL", "it broke", infeasible=infeasible)
        else:
            study.report(number, metrics_of(1, x))
            study.tell(number, "COMPLETE")
        late.append(x)
    assert sum(x > 0.5 for x in late[12:]) <= 4
    assert sum(0.4 < x <= 0.5 for x in late[12:]) >= 4


@pytest.mark.parametrize("sampler", ["gp", "cmaes"])
def test_many_trials_side_by_side_get_different_points(tmp_path: Path, sampler: str) -> None:
    config = config_of(sampler, trials=20, concurrency=4, seed=4)
    controller, study = begin(config, tmp_path)
    rng = random.Random(0)
    live: dict[int, dict[str, Value]] = {}
    while not controller.over:
        while len(live) < 4 and (drawn := controller.next_trial()):
            live[drawn[0]] = drawn[1]
        number = rng.choice(sorted(live))
        controller.on_report(number, report_of(1, score_of(live.pop(number))))
    points = {tuple(sorted(record.parameters.items())) for record in study.records()}
    assert len(points) == 20


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_half_drawn_trial_is_completed_as_it_would_have_been(tmp_path: Path, sampler: str) -> None:
    """A kill between two parameters leaves such a trial."""
    config = config_of(sampler, trials=9, seed=7)
    whole = search(config, tmp_path / "whole")

    folder = tmp_path / "killed"
    folder.mkdir()
    study = study_of(config, folder)
    for point in whole[:7]:
        number, parameters = study.ask()
        assert parameters == point
        study.report(number, metrics_of(1, score_of(parameters) / 2))  # as `search` does
        study.tell(number, "COMPLETE")
    number = study.count
    study._ids.append(study._storage.create_new_trial(study._study._study_id))
    study = study_of(config, folder)
    assert study.reissue(number)[1] == whole[7]


def test_a_sampler_sees_nothing_if_it_does_not_learn(tmp_path: Path) -> None:
    study = study_of(config_of("random"), tmp_path)
    for _ in range(5):
        study.report(study.ask()[0], metrics_of(1, 0.5))
    assert study._asker.get_trials() == []


def test_cmaes_sees_the_last_trials_where_it_keeps_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.search.samplers.view.MOST_SEEN", 12)
    study = study_of(config_of("cmaes", trials=30), tmp_path)
    for _ in range(30):
        number, parameters = study.ask()
        study.report(number, metrics_of(1, score_of(parameters)))
        study.tell(number, "COMPLETE")
    study._asker.look(Scores(np.linspace(1, 0, 30)[:, None], np.empty((0, 1)), frozenset()), study.count, seed=0)
    assert [trial.number for trial in study._asker.get_trials()] == list(range(18, 30))


def test_tpe_sees_the_best_of_many_trials_a_sample_of_the_others_and_all_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.search.samplers.view.MOST_BEST", 5)
    monkeypatch.setattr("tuner.search.samplers.view.MOST_SEEN_BY_TPE", 8)
    monkeypatch.setattr("tuner.search.samplers.drawn.RENEWED", 10)
    study = study_of(config_of("tpe", trials=40), tmp_path)
    for number in range(30):
        assert study.ask()[0] == number
        if number not in (4, 28):
            study.report(number, metrics_of(1, (number * 7 % 30) / 30))
        if number == 4:
            study.tell(number, "FAIL", "out of memory", infeasible=True)
    for seed in range(3):
        study._asker.look(study._scores.scores(), study.count, seed)
        seen = {trial.number: trial for trial in study._asker.get_trials()}
        scored = {number for number, trial in seen.items() if trial.state == TrialState.COMPLETE}
        assert len(scored) == 8
        assert scored >= set(sorted(set(range(30)) - {4, 28}, key=lambda n: -(n * 7 % 30))[:5]), "the best five"
        assert set(seen) - scored == {4, 28}
        assert (seen[4].state, seen[28].state) == (TrialState.PRUNED, TrialState.RUNNING)
        real = study._study.get_trials()
        assert all(trial.params == real[n].params and trial.distributions for n, trial in seen.items())
        assert all(seen[n].value == pytest.approx((n * 7 % 30) / 30, abs=1e-6) for n in scored)
    study.report(28, metrics_of(1, 1.0))
    study._asker.look(study._scores.scores(), study.count, 0)
    assert {t.number: t.state for t in study._asker.get_trials()}[28] == TrialState.COMPLETE


def test_of_many_scores_the_best_are_those_of_a_stable_sort_and_each_other_one_is_as_likely() -> None:
    scores = np.random.default_rng(0).integers(0, 40, 200) / 40  # many are equal
    scores[::17] = np.nan
    able = np.flatnonzero(~np.isnan(scores))
    best = set(able[np.argsort(-scores[able], kind="stable")][:MOST_BEST].tolist())
    drawn: Counter[int] = Counter()
    for seed in range(400):
        found = _best(scores[:, None], 90, seed)
        assert len(found) == len(set(found)) == 90
        assert set(found[:MOST_BEST]) == best
        assert found == _best(scores[:, None], 90, seed)
        drawn.update(found[MOST_BEST:])
    others = set(able.tolist()) - best
    assert set(drawn) == others
    share = (90 - MOST_BEST) / len(others)
    counts = np.array([drawn[number] for number in sorted(others)])
    deviation = math.sqrt(400 * share * (1 - share))
    assert np.abs(counts - 400 * share).max() < 5 * deviation
    worse = scores[sorted(others)] < np.median(scores[sorted(others)])
    assert counts[worse].mean() == pytest.approx(400 * share, abs=2 * deviation)


def test_every_sampler_can_be_made() -> None:
    space = parse_space({"epochs": 1, "params": STEPS}, "test")
    made = [Sampling(name, space).make_sampler(seed=0, number=3, startup=4) for name in SAMPLERS]
    assert len({type(each) for each in made}) == len(SAMPLERS)
