"""The search space of several models: each has its own parameters, and a trial has those of one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config
from support.made_up_search import begin, report_of
from support.made_up_trials import CONDITIONAL

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.records import Value
from tuner.search.model_spaces import MODELS, flattened, merged
from tuner.search.overrides import override
from tuner.search.schedulers.base import Decision
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space, read_toml
from tuner.search.space_text import space_text
from tuner.search.start_points import START, default_points, fit_point, values_to_draw

CNN: dict[str, Any] = {
    "epochs": 9,
    "params": {
        **CONDITIONAL,
        "width": {"choices": [0.5, 1.0]},
    },
    START: [{"optimizer": "sgd", "lr": 0.1, "width": 1.0}, {"optimizer": "adam"}],
}
LENET: dict[str, Any] = {"epochs": 4, "params": {"optimizer": "sgd", "lr": {"low": 0.001, "high": 0.1, "log": True}}}


def both() -> dict[str, Any]:
    return merged({"cnn": CNN, "lenet": LENET})


def space_of(raw: dict[str, Any]) -> SearchSpace:
    return parse_space(raw, "a.toml")


def refusal(raw: dict[str, Any]) -> str:
    with pytest.raises(TunerError) as caught:
        space_of(raw)
    return str(caught.value)


def several(**changes: Any) -> SweepConfig:
    raw = both()
    points = default_points(raw, space_of(raw))
    start = {**raw, START: points}
    return make_config(model="cnn,lenet", space=start, default=True, epochs=9, concurrency=1, **changes)


def test_a_trial_has_the_parameters_of_its_model_alone_by_their_own_names() -> None:
    space = space_of(both())
    assert space.models == ("cnn", "lenet")
    assert space.epochs == 9, "all models are compared after equal epochs: the most that one of them has"
    cnn = fit_point({"model": "cnn", "optimizer": "adam", "lr": 0.001}, space)
    assert not cnn.misfits
    assert cnn.parameters == {"model": "cnn", "optimizer": "adam", "lr": 0.001, "width": 1.0}
    lenet = fit_point({"model": "lenet", "lr": 0.05}, space).parameters
    assert lenet == {"model": "lenet", "optimizer": "sgd", "lr": 0.05}
    assert values_to_draw(cnn.parameters, space).keys() == {"model", "cnn.optimizer", "cnn.lr (adam)", "cnn.width"}
    assert values_to_draw(lenet, space).keys() == {"model", "lenet.lr"}
    assert "is no parameter of lenet" in fit_point({"model": "lenet", "width": 1.0}, space).misfits["width"]


def test_each_model_has_its_default() -> None:
    raw = both()
    assert default_points(raw, space_of(raw)) == [
        {"model": "cnn", "optimizer": "sgd", "lr": 0.1, "width": 1.0},
        {"model": "lenet", "optimizer": "sgd", "lr": 0.01},
    ]


def test_a_file_gives_parameters_to_all_models_and_to_each() -> None:
    text = """
        models = ["cnn", "lenet"]
        epochs = 3
        [params]
        batch_size = { choices = [32, 64] }
        width = { choices = [1.0, 2.0], when = { model = "cnn" } }
        [params.lenet]
        lr = { low = 0.1, high = 1.0 }
        [[start]]
        model = "lenet"
        lr = 0.2
    """
    space = space_of(flattened(read_toml(text, "a.toml"), ["cnn", "lenet"]))
    assert space.start == ({"model": "lenet", "batch_size": 64, "lr": 0.2},)
    assert fit_point({"model": "cnn"}, space).parameters == {"model": "cnn", "batch_size": 64, "width": 2.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({MODELS: ["cnn"], "params": {"lr": 1}}, "models: name two models or more, each once"),
        ({MODELS: "cnn,lenet", "params": {"lr": 1}}, "models: must be a list of names"),
        ({"params": {"model": 1}}, "params.model: models says already which there are"),
        ({"params": {"lr": 1, "cnn.lr": 2}}, "params.lr is for all models, and cnn has its own"),
        ({"params": {"cnn.lr": {"low": 2, "high": 1}}}, "params.cnn.lr: low 2 is not below high 1"),
        ({"params": {"cnn.lr": {"low": 1, "high": 2, "when": {"width": 1}}, "lenet.width": 1}}, "params.cnn.lr.when"),
        ({"params": {"lr": 1}, START: [{"lr": 1}]}, "start[0]: say which model it is for: model = 'cnn'"),
        ({"params": {"lr": 1}, START: [{"model": "mlp"}]}, "start[0].model: 'mlp' is not one of cnn, lenet"),
    ],
)
def test_what_is_wrong_with_it_is_told_in_a_line(changes: dict[str, Any], message: str) -> None:
    assert message in refusal({"epochs": 1, MODELS: ["cnn", "lenet"], **changes})


def test_a_dot_in_a_name_means_a_model_only_where_there_are_several() -> None:
    space = space_of({"epochs": 1, "params": {"cnn.lr": 0.1}})
    assert [each.name for each in space.parameters] == ["cnn.lr"]


def test_set_changes_a_parameter_of_each_model_that_takes_it_or_of_one() -> None:
    takes = {"cnn": {"lr", "width"}, "lenet": {"lr"}}
    found = override(both(), ["lr=0.5", "cnn.width=2.0"], lambda model, name: name in takes[model])["params"]
    assert (found["cnn.lr"], found["lenet.lr"], found["cnn.width"]) == (0.5, 0.5, 2.0)
    found = override(both(), ["width=4.0"], lambda model, name: name in takes[model])["params"]
    assert found["cnn.width"] == 4.0
    assert "lenet.width" not in found
    with pytest.raises(TunerError, match="name the models on the command line"):
        override(both(), ["model=cnn"])


def test_the_file_of_a_trial_says_the_same_space() -> None:
    raw = both()
    trial: dict[str, Value] = {"model": "lenet", "optimizer": "sgd", "lr": 0.02}
    text = space_text(raw, trial, "trial 3", "A space.")
    again = space_of(flattened(read_toml(text, "a.toml"), ["cnn", "lenet"]))
    assert again.parameters == space_of(raw).parameters
    assert again.start == (trial,)
    assert "[params.cnn]" in text


def search(config: SweepConfig, folder: Path, trials: int | None = None) -> list[dict[str, Value]]:
    """The parameters of all trials of a search in which cnn is better. It ends, as by a kill, after some `trials`."""
    folder.mkdir(exist_ok=True)
    controller, study = begin(config, folder)
    while not controller.over and (trials is None or study.count < trials):
        drawn = controller.next_trial()
        assert drawn
        number, parameters = drawn
        while True:
            epoch = study.record(number).epoch + 1
            good = 0.9 if parameters["model"] == "cnn" else 0.6
            score = good - 0.3 / epoch + 0.01 * float(parameters["lr"])
            if controller.on_report(number, report_of(epoch, score)) is Decision.STOP:
                break
    return [record.parameters for record in study.records()]


def test_the_same_seed_gives_the_same_trials_also_after_a_kill(tmp_path: Path) -> None:
    config = several(trials=14)
    whole = search(config, tmp_path / "whole")
    assert [each["model"] for each in whole[:2]] == ["cnn", "lenet"]
    search(config, tmp_path / "killed", trials=7)
    assert search(config, tmp_path / "killed") == whole
    assert search(replace(config, seed=1), tmp_path / "other") != whole


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_each_trial_is_a_point_of_one_model(sampler: str, tmp_path: Path) -> None:
    space = space_of(both())
    for parameters in search(several(trials=20, sampler=sampler), tmp_path):
        assert fit_point(parameters, space).parameters == parameters


def test_the_search_gives_more_of_its_epochs_to_the_better_model(tmp_path: Path) -> None:
    config = several(trials=40)
    search(config, tmp_path)
    _, study = begin(config, tmp_path)
    epochs: Counter[Value] = Counter()
    for record in study.records():
        epochs[record.parameters["model"]] += record.epoch
    assert epochs["cnn"] > 3 * epochs["lenet"]
    assert {study.record(number).state for number in (0, 1)} == {"COMPLETE"}, "the default of each is trained in full"
    assert study.record(1).epoch == config.epochs


def test_a_grid_has_the_points_of_each_model(tmp_path: Path) -> None:
    raw = merged(
        {
            "cnn": {"epochs": 1, "params": {"lr": {"choices": [0.1, 0.2]}, "width": {"choices": [1, 2]}}},
            "lenet": {"epochs": 1, "params": {"lr": {"choices": [0.1, 0.2, 0.3]}}},
        }
    )
    config = make_config(model="cnn,lenet", space=raw, epochs=1, trials=7, concurrency=1, sampler="grid")
    points = search(config, tmp_path)
    assert Counter(each["model"] for each in points) == {"cnn": 4, "lenet": 3}
    assert len({tuple(each.items()) for each in points}) == 7
