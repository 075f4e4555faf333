"""Which sampler `--sampler auto` chooses, and why."""

from __future__ import annotations

from typing import Any

import pytest

from tuner.search.samplers.auto import choose_sampler
from tuner.search.space_file import parse_space

LR = {"low": 1e-4, "high": 0.1, "log": True}
SIZES = {"choices": [32, 64, 128]}
OPTIMIZER = {"choices": ["sgd", "adam"]}
CONDITIONAL = [{"when": {"optimizer": "sgd"}, **LR}, {"when": {"optimizer": "adam"}, "low": 1e-5, "high": 1e-2}]


@pytest.mark.parametrize(
    ("params", "trials", "more", "expected"),
    [
        ({"a": SIZES, "b": OPTIMIZER}, 16, {}, ("grid", "the space has 6 points")),
        ({"a": SIZES, "b": OPTIMIZER}, 5, {}, ("tpe", "some parameters are choices without an order")),
        ({"a": SIZES}, 16, {"begins_with": True}, ("tpe", "16 trials, fewer than 20")),
        ({"lr": LR, "a": SIZES}, 16, {}, ("tpe", "16 trials, fewer than 20")),
        ({"lr": LR, "a": SIZES}, 20, {}, ("gp", "20 trials in 2 numbers that every trial has")),
        ({"lr": LR, "a": SIZES}, 20, {"plain": False}, ("tpe", "two objectives, or a constraint")),
        ({"lr": LR, "constant": "x"}, 250, {}, ("gp", "250 trials in 1 number that every trial has")),
        ({"lr": LR, "a": SIZES}, 251, {}, ("cmaes", "251 trials in 2 numbers that every trial has")),
        ({"optimizer": OPTIMIZER, "lr": CONDITIONAL}, 100, {}, ("tpe", "some parameters depend on others")),
        ({"optimizer": OPTIMIZER, "lr": LR}, 100, {}, ("tpe", "some parameters are choices without an order")),
    ],
)
def test_by_the_space_and_the_number_of_trials(
    params: dict[str, Any], trials: int, more: dict[str, bool], expected: tuple[str, str]
) -> None:
    space = parse_space({"epochs": 3, "params": params}, "a file")
    assert choose_sampler(space, trials, **more) == expected
