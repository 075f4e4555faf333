"""The search space of a pair that has no file of its own."""

from __future__ import annotations

import pytest

from tuner.core import catalog
from tuner.core.records import Value
from tuner.data.spec import DataSpec, Task
from tuner.search.space import Middle
from tuner.search.space_defaults import default_space
from tuner.search.space_file import parse_space
from tuner.sweeps.space_request import check_names, check_space

SPECS: dict[Task, DataSpec] = {
    "image": DataSpec(name="i", task="image", shape=(3, 32, 32), classes=("a", "b"), mean=(0.0,) * 3, std=(1.0,) * 3),
    "tabular": DataSpec(name="t", task="tabular", shape=(5,), classes=("a", "b"), mean=(0.0,) * 5, std=(1.0,) * 5),
    "text": DataSpec(name="x", task="text", shape=(9,), classes=("a", "b"), mean=(), std=(), vocabulary=("a", "b")),
}
FITTING = [(model, task) for model in catalog.names("models") for task in catalog.load("models", model).TASKS]


@pytest.mark.parametrize(("model", "task"), FITTING)
def test_every_model_has_a_space_of_values_that_it_takes(model: str, task: Task) -> None:
    space = parse_space(default_space(model, task), "it")
    check_names(space, model, "it")
    check_space(space, model, SPECS[task], "it")
    names = {parameter.name for parameter in space.parameters}
    assert {"batch_size", "optimizer", "lr", "dropout"} <= names
    assert set(catalog.load("models", model).SPACE) <= names


class Chosen(Middle):
    """Draws this optimizer, and the middle of everything else."""

    def __init__(self, optimizer: Value) -> None:
        self.optimizer = optimizer

    def suggest_categorical(self, name: str, choices: list[Value]) -> Value:
        return self.optimizer if name == "optimizer" else choices[0]


@pytest.mark.parametrize(("model", "task"), FITTING)
def test_whatever_is_drawn_has_a_learning_rate(model: str, task: Task) -> None:
    space = parse_space(default_space(model, task), "it")
    [optimizer] = [parameter for parameter in space.parameters if parameter.name == "optimizer"]
    for choice in optimizer.choices:
        assert float(space(Chosen(choice))["lr"]) > 0


def test_what_the_model_says_goes_before_what_holds_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog.load("models", "cnn"), "SPACE", {"lr": 0.5, "width": {"choices": [0.5, 1.0]}})
    space = default_space("cnn", "image")["params"]
    assert space["lr"] == 0.5
    assert next(iter(space)) == "batch_size"
    assert space["width"] == {"choices": [0.5, 1.0]}


def test_a_model_that_says_nothing_varies_its_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(catalog.load("models", "cnn"), "SPACE", raising=False)
    assert default_space("cnn", "image")["params"]["dropout"] == {"low": 0.0, "high": 0.5}
