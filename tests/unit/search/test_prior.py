"""What a user believes to be good, and how long a search believes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.common import make_config
from support.made_up_search import begin, report_of

from tuner.core.errors import TunerError
from tuner.core.records import Value
from tuner.search.overrides import override
from tuner.search.samplers.prior import _density_near, _draw_near
from tuner.search.space import Parameter
from tuner.search.space_file import parse_space
from tuner.search.space_text import space_text
from tuner.search.start_points import fit_point, prior_point

PARAMS: dict[str, Any] = {
    "lr": {"low": 1e-4, "high": 1.0, "log": True, "prior": 0.1},
    "dropout": {"low": 0.0, "high": 1.0, "prior": 0.2},
    "optimizer": {"choices": ["sgd", "adam", "adamw", "rmsprop"], "prior": "adam"},
    "momentum": {"low": 0.0, "high": 0.9, "when": {"optimizer": "sgd"}},
}
SPACE = {"epochs": 1, "params": PARAMS, "start": [{}]}
Score = Callable[[dict[str, Value]], float]


def without(params: dict[str, Any]) -> dict[str, Any]:
    return {name: {key: each for key, each in entry.items() if key != "prior"} for name, entry in params.items()}


def drawn(folder: Path, score: Score, trials: int = 30, most: int = 30, **changes: Any) -> list[dict[str, Value]]:
    """The first points, at `most`, of a search with these scores, one trial at a time."""
    values = {"epochs": 1, "space": SPACE, "concurrency": 1, **changes}
    config = make_config(trials=trials, **values)
    folder.mkdir(parents=True, exist_ok=True)
    controller, study = begin(config, folder)
    while study.count < most and (found := controller.next_trial()):
        controller.on_report(found[0], report_of(1, score(found[1])))
    return [record.parameters for record in study.records()]


def flat(_: dict[str, Value]) -> float:
    return 0.5


def at_prior(point: dict[str, Value]) -> float:
    return 0.9 - abs(float(point["dropout"]) - 0.2) / 2


def far(point: dict[str, Value]) -> float:
    return 0.9 - abs(float(point["dropout"]) - 0.95) / 2


def test_a_prior_is_a_value_that_the_parameter_can_have() -> None:
    space = parse_space({"epochs": 1, "params": PARAMS}, "x.toml")
    assert [each.prior for each in space.parameters] == [0.1, 0.2, "adam", None]
    assert str(space.parameters[0]) == "0.0001 .. 1 log prior 0.1"
    for entry, words in (
        ({"low": 0.1, "high": 1.0, "prior": 2.0}, "x.toml: params.lr.prior: 2.0 is outside of 0.1 .. 1"),
        ({"low": 0.1, "high": 1.0, "prior": "big"}, "x.toml: params.lr.prior: 'big' is not a number from"),
        ({"choices": [0.1, 0.2], "prior": 0.3}, "x.toml: params.lr.prior: 0.3 is not one of 0.1, 0.2"),
        ({"low": 1, "high": 9, "step": 4, "prior": 3}, "x.toml: params.lr.prior: 3 is between the steps of"),
    ):
        with pytest.raises(TunerError) as refused:
            parse_space({"epochs": 1, "params": {"lr": entry}}, "x.toml")
        assert str(refused.value).startswith(words)


def test_priors_are_tried_first_and_are_the_values_that_a_start_point_does_not_name() -> None:
    space = parse_space({"epochs": 1, "params": PARAMS}, "x")
    assert fit_point({"dropout": 0.7}, space).parameters == {"lr": 0.1, "dropout": 0.7, "optimizer": "adam"}
    assert prior_point([], space) == [{}]
    assert prior_point([{"lr": 0.1}], space) == []  # the same point
    assert prior_point([], parse_space({"epochs": 1, "params": without(PARAMS)}, "x")) == []


def test_set_replaces_a_prior_and_a_file_that_is_written_keeps_it() -> None:
    assert "prior" not in override({"epochs": 1, "params": PARAMS}, ["lr=0.01..1"])["params"]["lr"]
    text = space_text({"epochs": 1, "params": PARAMS}, {"lr": 0.2, "dropout": 0.1, "optimizer": "adam"}, "x", "x")
    assert "prior = 0.1" in text


@given(st.floats(0, 1), st.booleans(), st.booleans())
def test_the_place_of_a_number_leads_back_to_it(place: float, log: bool, whole: bool) -> None:
    low, high = (1, 400) if whole else (1.0, 400.0)
    parameter = Parameter(name="x", low=low, high=high, log=log)
    value = parameter.at(place)
    assert low <= float(value) <= high
    assert isinstance(value, int) is whole
    assert float(parameter.at(parameter.place(value))) == pytest.approx(float(value))


def test_first_points_lie_near_the_prior_and_some_anywhere(tmp_path: Path) -> None:
    points = [point for seed in range(25) for point in drawn(tmp_path / str(seed), flat, 8, 4, seed=seed)[1:]]
    places = np.array([float(point["dropout"]) for point in points])
    alone = {**SPACE, "params": without(PARAMS)}
    random = [p for s in range(25) for p in drawn(tmp_path / f"r{s}", flat, 8, 4, seed=s, space=alone)[1:]]
    nearer = np.mean(np.abs(places - 0.2)) / np.mean([abs(float(point["dropout"]) - 0.2) for point in random])
    assert nearer < 0.85
    assert (places > 0.8).any()  # half of them are random
    adam = np.mean([point["optimizer"] == "adam" for point in points])
    assert 0.35 < adam < 0.65  # half of a half for sure, and a quarter of the others: 0.44


def test_a_wrong_prior_loses_to_the_best_points(tmp_path: Path) -> None:
    """The last of the first points lie nearer to the incumbent than to the prior where that is bad."""
    late = [p for s in range(12) for p in drawn(tmp_path / f"f{s}", far, 30, 10, seed=s)[6:]]
    same = [p for s in range(12) for p in drawn(tmp_path / f"p{s}", at_prior, 30, 10, seed=s)[6:]]
    of_wrong, of_right = (np.mean([float(p["dropout"]) for p in points]) for points in (late, same))
    assert of_right < 0.4
    assert of_wrong > of_right + 0.15


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes"])
def test_a_resumed_search_draws_the_same_points_whatever_samples(tmp_path: Path, sampler: str) -> None:
    once = drawn(tmp_path / "once", far, 12, 7, sampler=sampler)
    drawn(tmp_path / "twice", far, 12, 2, sampler=sampler)  # killed among the first points
    drawn(tmp_path / "twice", far, 12, 5, sampler=sampler)
    assert drawn(tmp_path / "twice", far, 12, 7, sampler=sampler) == once
    for point in once:
        assert ("momentum" in point) is (point["optimizer"] == "sgd")


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_samplers_that_do_not_learn_try_the_priors_and_then_draw_as_ever(tmp_path: Path, sampler: str) -> None:
    plain = {"epochs": 1, "params": without(PARAMS), "start": [{"lr": 0.1, "dropout": 0.2, "optimizer": "adam"}]}
    with_priors = drawn(tmp_path / "a", flat, 6, sampler=sampler)
    assert with_priors == drawn(tmp_path / "b", flat, 6, sampler=sampler, space=plain)


@settings(deadline=None)
@given(st.floats(0, 1))
def test_what_is_drawn_near_a_place_has_the_density_that_is_claimed(center: float) -> None:
    grid = (np.arange(2000) + 0.5) / 2000
    density = np.array([_density_near(center, place) for place in grid])
    assert density.mean() == pytest.approx(1, abs=1e-3)
    rng = np.random.default_rng(0)
    drawn_places = np.array([_draw_near(center, rng) for _ in range(2000)])
    assert ((drawn_places >= 0) & (drawn_places <= 1)).all()
    assert drawn_places.mean() == pytest.approx((density * grid).mean(), abs=0.02)
