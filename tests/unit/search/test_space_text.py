"""The file of a search space that is written is read as the same space, with the point that it begins with."""

from __future__ import annotations

from typing import Any

import optuna
import pytest

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.search.space import Middle
from tuner.search.space_file import own_space, parse_space, read_toml
from tuner.search.space_text import space_text


@pytest.mark.parametrize("pair", catalog.names("search_spaces"))
def test_every_space_of_the_catalog_is_the_same_when_it_is_read_again(pair: str) -> None:
    found = own_space(*pair.split("-", 1))
    assert found
    space = parse_space(*found)
    for seed in range(5):
        drawn = space(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask())
        for point in (space(Middle()), drawn):
            again = parse_space(read_toml(space_text(found[0], point, "x", "y"), "x"), "x")
            assert (again.epochs, again.parameters, again.start) == (space.epochs, space.parameters, (point,))


ODD = 'a "quote", a \\, a \x7f, a\nline, \u00fc \U0001f600'


def test_texts_and_numbers_of_all_kinds_are_the_same_when_they_are_read_again() -> None:
    values: list[Any] = [ODD, "", True, 7, -1.5, 1e-05, 1e22, 2**53]
    raw = {
        "epochs": 1,
        "params": {"größe x": {"choices": values}, "b": ODD, "c": {"low": 1e-9, "high": 2.0, "log": True}},
    }
    point: dict[str, Any] = {"größe x": ODD, "b": ODD, "c": 1.2345678901234567e-8}
    read = read_toml(space_text(raw, point, "x", "y"), "x")
    assert read == {**raw, "start": [point]}


def test_alternatives_that_a_narrowed_space_never_has_are_left_out() -> None:
    lr = [
        {"when": {"optimizer": "sgd"}, "low": 0.1, "high": 1.0},
        {"when": {"optimizer": ["adam", "adamw"]}, "low": 0.01, "high": 0.1},
    ]
    momentum = {"when": {"optimizer": "sgd"}, "low": 0.5, "high": 0.9}
    raw = {"epochs": 1, "params": {"optimizer": {"choices": ["adam", "rmsprop"]}, "lr": lr, "momentum": momentum}}
    with pytest.raises(TunerError, match=r"^x: params.lr: no alternative applies when optimizer = rmsprop$"):
        space_text(raw, {"optimizer": "adam", "lr": 0.05}, "x", "y")
    raw["params"]["optimizer"] = "adam"  # type: ignore[index]
    read = read_toml(space_text(raw, {"optimizer": "adam", "lr": 0.05}, "x", "y"), "x")
    assert read["params"] == {"optimizer": "adam", "lr": [{"when": {"optimizer": "adam"}, "low": 0.01, "high": 0.1}]}


def test_a_point_outside_of_the_space_is_refused() -> None:
    with pytest.raises(TunerError, match=r"^trial 3 of x: start\[0\].lr: 2.0 is outside of 0.1 .. 1$"):
        space_text({"epochs": 1, "params": {"lr": {"low": 0.1, "high": 1.0}}}, {"lr": 2.0}, "trial 3 of x", "y")
