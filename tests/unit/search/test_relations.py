"""Relations between hyperparameters: how they are read, and what comes of them in a search."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_search import begin, report_of

from tuner.core.errors import TunerError
from tuner.core.objective import Goal
from tuner.core.records import Value
from tuner.search.model_spaces import merged
from tuner.search.population import _allowed, explored
from tuner.search.relations import parse_relation
from tuner.search.space_file import parse_space, read_toml
from tuner.search.space_relations import check_options, check_possible, with_relations
from tuner.search.space_text import space_text

SPACE: dict[str, Any] = {
    "epochs": 1,
    "params": {
        "optimizer": {"choices": ["sgd", "adam"]},
        "momentum": {"low": 0.0, "high": 0.9, "when": {"optimizer": "sgd"}},
        "batch_size": {"choices": [32, 64, 128]},
        "width": {"low": 8, "high": 64},
        "lr": {"low": 1e-3, "high": 1.0, "log": True},
    },
}
BOUND = "batch_size * width <= 2048"


@pytest.mark.parametrize(
    ("text", "point", "holds"),
    [
        (BOUND, {"batch_size": 64, "width": 32}, True),
        (BOUND, {"batch_size": 64, "width": 33}, False),
        ("1 < a < b <= 3", {"a": 2, "b": 3}, True),
        ("1 < a < b <= 3", {"a": 2, "b": 2}, False),
        ("optimizer == 'sgd' or lr < 0.1", {"optimizer": "adam", "lr": 0.5}, False),
        ("optimizer == 'sgd' or lr < 0.1", {"optimizer": "sgd", "lr": 0.5}, True),
        ("optimizer in ['sgd', 'adamw']", {"optimizer": "adam"}, False),
        ("optimizer not in ('sgd', 'adamw')", {"optimizer": "adam"}, True),
        ("not (norm and width < 16)", {"norm": True, "width": 8}, False),
        ("norm == true and width != 8", {"norm": True, "width": 9}, True),
        ("-a ** 2 + 3 * (b - 1) / 2 == -1", {"a": 2, "b": 3}, True),
        ("momentum > 0.5", {"optimizer": "adam"}, True),  # it is not active: the relation does not apply
        ("momentum > 0.5", {"optimizer": "sgd", "momentum": 0.1}, False),
        ("a / b < 3", {"a": 1, "b": 0}, False),  # it has no value there
        ("b == 0 or a / b < 3", {"a": 1, "b": 0}, True),
        ("a ** b ** 9 >= 0", {"a": 10.0, "b": 99}, False),  # as large as that is no number
        ("(0 - a) ** 0.5 != 3", {"a": 2}, False),
        ("cnn.width * a < 9", {"model": "cnn", "width": 5, "a": 2}, False),
        ("cnn.width * a < 9", {"model": "mlp", "width": 5, "a": 2}, True),
        ("a == 'x'", {"a": 3}, False),
        ("a == 1", {"a": True}, False),
    ],
)
def test_a_relation_holds_or_not(text: str, point: dict[str, Value], holds: bool) -> None:
    assert parse_relation(text).holds(point) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 3", "it is no relation: write == for what must be equal"),
        ("a <", 'it is no relation: write such as "batch_size * width <= 4096"'),
        ("a * 2", "'a * 2' compares nothing: write such as \"batch_size * width <= 4096\""),
        ("3 < 4", 'it names no parameter: write "batch_size * width <= 4096"'),
        ("a ^ 2 < 3", "'a ^ 2' is not possible in a relation: write a power as **"),
        ("abs(a) < 3", "'abs(a)' is not possible in a relation: it may hold + - * / ** and comparisons"),
        ("a.__class__.mro() == a", "'a.__class__.mro()' is not possible in a relation"),
        ("[a for a in b] == a", "'[a for a in b]' is not possible in a relation"),
        ("(a := 3) < 4", "'(a := 3)' is not possible in a relation"),
        ("a in b", "write a list after `in`, such as optimizer in ['sgd', 'adam']"),
        ("a is b", "write == or != in place of `is`"),
        ("-" * 60 + "a < 3", "its terms are nested too deeply"),
        ("a < 3" + " and a < 3" * 90, "it has 905 characters: at most 500"),
        ("(" * 300 + "a", "it is no relation"),
    ],
)
def test_what_is_no_relation_is_refused(text: str, message: str) -> None:
    with pytest.raises(TunerError) as refused:
        parse_relation(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_size * widht <= 9", "unknown parameter of the search space 'widht': did you mean width?"),
        ("parameters <= 300000", 'such as --constraint "parameters<=300000"'),
        ("width <", "--constrain 'width <': it is no relation"),
    ],
)
def test_an_option_says_what_is_wrong_with_it(text: str, message: str) -> None:
    with pytest.raises(TunerError) as refused:
        check_options([text], parse_space(SPACE, "test"))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("width <= 9", 'x.toml: constrain: must be a list of texts, such as ["batch_size * width <= 4096"]'),
        (["width <= 9", "depth < 3"], "x.toml: constrain[1]: unknown parameter of the search space 'depth'"),
        (["width <= 9", "width + 3"], "x.toml: constrain[1]: 'width + 3' compares nothing"),
    ],
)
def test_a_file_is_refused_with_the_place_in_it(raw: Any, message: str) -> None:
    with pytest.raises(TunerError) as refused:
        parse_space({**SPACE, "constrain": raw}, "x.toml")
    assert str(refused.value).startswith(message)


def test_a_bound_on_a_trained_model_that_names_a_hyperparameter_is_told_where_that_belongs() -> None:
    with pytest.raises(TunerError, match=r"a relation between hyperparameters is given with --constrain$"):
        Goal.parse(None, BOUND)
    with pytest.raises(TunerError, match=r"a relation between hyperparameters is given with --constrain$"):
        Goal.parse(None, "lr < 0.1")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["batch_size * width <= 4"], "test: no point fulfills 'batch_size * width <= 4' (10,000 random ones were"),
        (["width < 20", "width > 30"], "test: no point fulfills 'width < 20' and 'width > 30' together"),
        (["optimizer < 3"], "test: 'optimizer < 3': optimizer is '"),
    ],
)
def test_what_no_point_can_fulfill_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(TunerError) as refused:
        check_possible(parse_space(with_relations(SPACE, texts), "test"), "test")
    assert message in str(refused.value)


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes"])
def test_no_point_that_breaks_a_relation_is_tried(tmp_path: Path, sampler: str) -> None:
    """Of all points 2 in 5 fulfill them. The score would draw a sampler to those that do not."""
    space = with_relations(SPACE, [BOUND, "optimizer == 'adam' or momentum + lr < 1"])
    controller, study = begin(make_config(space=space, epochs=1, trials=30, sampler=sampler), tmp_path)
    while drawn := controller.next_trial():
        controller.on_report(drawn[0], report_of(1, float(drawn[1]["batch_size"]) * float(drawn[1]["width"]) / 9000))
    points = [record.parameters for record in study.records()]
    assert len(points) == 30
    assert all(float(point["batch_size"]) * float(point["width"]) <= 2048 for point in points)
    sgd = [point for point in points if point["optimizer"] == "sgd"]
    assert sgd
    assert all(float(point["momentum"]) + float(point["lr"]) < 1 for point in sgd)


def test_a_narrow_relation_is_met_by_points_beside_what_a_sampler_wants(tmp_path: Path) -> None:
    space = with_relations(SPACE, ["0.1 < lr < 0.11"])  # 1 in 70 points
    controller, study = begin(make_config(space=space, epochs=1, trials=12), tmp_path)
    while drawn := controller.next_trial():
        controller.on_report(drawn[0], report_of(1, float(drawn[1]["width"]) / 100))
    found = [float(record.parameters["lr"]) for record in study.records()]
    assert len(set(found)) == 12
    assert all(0.1 < lr < 0.11 for lr in found)


def test_a_grid_leaves_out_what_breaks_a_relation(tmp_path: Path) -> None:
    params = {"a": {"low": 1, "high": 4}, "b": {"low": 1, "high": 4}}
    space = {"epochs": 1, "params": params, "constrain": ["a * b <= 4"]}
    controller, study = begin(make_config(space=space, epochs=1, trials=8, sampler="grid"), tmp_path)
    while drawn := controller.next_trial():
        controller.on_report(drawn[0], report_of(1, 0.5))
    found = sorted((r.parameters["a"], r.parameters["b"]) for r in study.records())
    assert found == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2), (3, 1), (4, 1)]


def test_start_points_that_break_a_relation_are_refused_and_left_out_of_a_changed_space() -> None:
    raw = {**SPACE, "constrain": [BOUND], "start": [{"batch_size": 128, "width": 64}]}
    with pytest.raises(TunerError, match=r"x.toml: start\[0\]: it breaks 'batch_size \* width <= 2048'"):
        parse_space(raw, "x.toml")
    assert parse_space(raw, "x.toml", narrowed=True).start == ()


def test_several_models_keep_the_relations_of_each() -> None:
    one = {"epochs": 1, "params": {"width": {"low": 1, "high": 9}}, "constrain": ["width < 5"]}
    other = {"epochs": 1, "params": {"width": {"low": 1, "high": 9}}}
    space = parse_space(merged({"cnn": one, "mlp": other}), "test")
    assert space.broken({"model": "cnn", "width": 7})
    assert not space.broken({"model": "mlp", "width": 7})
    assert not space.broken({"model": "cnn", "width": 4})


def test_a_space_that_is_written_has_its_relations() -> None:
    start: dict[str, Value] = {"optimizer": "adam", "batch_size": 32, "width": 8, "lr": 0.1}
    text = space_text({**SPACE, "constrain": [BOUND]}, start, "test", "a space")
    assert parse_space(read_toml(text, "test"), "test").relations == (parse_relation(BOUND),)


def test_what_a_population_changes_keeps_to_the_relations() -> None:

    space = parse_space({"epochs": 1, "params": {"lr": SPACE["params"]["lr"]}, "constrain": ["lr <= 0.1"]}, "test")
    rngs = [random.Random(seed) for seed in range(50)]
    assert any(float(explored({"lr": 0.1}, space, rng)["lr"]) > 0.1 for rng in rngs)
    assert all(float(_allowed({"lr": 0.1}, space, rng)["lr"]) <= 0.1 for rng in rngs)
