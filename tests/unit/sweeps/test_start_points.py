"""What a sweep tries first, from its space, an earlier sweep and a file; and `tuner best`, which gives it back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.common import Typed, check_refused, make_config
from support.made_up_search import Recorder, begin, drive

from tuner.core import catalog
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.execution.jobs.upload import command_words, pack
from tuner.search.space_file import space_of
from tuner.sweeps.announcement import announcement, start_lines
from tuner.sweeps.best_trial import find_best
from tuner.sweeps.plan import plan
from tuner.tracking.run_tags import config_in, grown_tags, tags_of

pytestmark = pytest.mark.usefixtures("read_digits_once")

SPACE = """
epochs = 5
[params]
batch_size = 32
optimizer = { choices = ["sgd", "adam", "adamw"] }
lr = [
  { when = { optimizer = "sgd" }, low = 0.01, high = 0.1, log = true },
  { when = { optimizer = ["adam", "adamw"] }, low = 1e-4, high = 0.01, log = true },
]
dropout = { low = 0.0, high = 0.5 }

[[start]]
optimizer = "sgd"
lr = 0.05

[[start]]
optimizer = "adam"
lr = 0.001
dropout = 0.25
"""
OWN = [
    {"batch_size": 32, "optimizer": "sgd", "lr": 0.05, "dropout": 0.25},  # the default, with all of its values
    {"optimizer": "adam", "lr": 0.001, "dropout": 0.25},
]
MIDDLE = {"batch_size": 32, "optimizer": "sgd", "lr": 0.0316, "dropout": 0.25}


@pytest.fixture
def planned(tmp_path: Path, home: Path) -> Callable[..., tuple[SweepConfig, list[str]]]:
    """Plans a sweep in this space: what it does, and what is told."""

    def make(**changes: Any) -> tuple[SweepConfig, list[str]]:
        (tmp_path / "space.toml").write_text(changes.pop("text", SPACE))
        told = Recorder()
        values = {"dataset": "digits", "model": "cnn", "space": tmp_path / "space.toml", "cpus_per_trial": 1}
        request = SweepRequest(**{**values, "concurrency": 1, **changes})
        return plan(request, "next", home=home, events=told)[0], told.notes

    return make


def search(home: Path, name: str, space: Mapping[str, Any], **changes: Any) -> SweepConfig:
    """A sweep in the home folder that has run to its end, with made-up scores: its last trial is the best."""
    config = make_config(name=name, space=dict(space), concurrency=1, trials=3, **changes)
    (home / name).mkdir(parents=True)
    config.save(home / name)
    drive(begin(config, home / name)[0], Counter())
    return config


def test_points_of_the_space_are_kept_in_the_config(planned: Callable[..., Any]) -> None:
    config, told = planned()
    assert config.space["start"] == OWN
    assert [point["lr"] for point in space_of(config).start] == [0.05, 0.001]
    assert told == []


def test_trial_0_is_the_default_unless_it_is_left_out(planned: Callable[..., Any], tmp_path: Path) -> None:
    without = SPACE.partition("[[start]]")[0]
    config, told = planned(text=without)
    assert (config.space["start"], config.default, told) == ([MIDDLE], True, [])
    assert planned()[0].default
    for changes in (
        {"without_default": True},
        {"without_default": True, "text": without},
        {"sampler": "random", "without_default": True},
    ):
        config, told = planned(**changes)
        assert ("start" in config.space, config.default, told) == (False, False, [])
    (tmp_path / "points.csv").write_text("lr\n0.05\n")
    config, _ = planned(enqueue=tmp_path / "points.csv", without_default=True, trials=1)
    assert (config.space["start"], config.default) == ([{"lr": 0.05}], False)
    grid = ["lr=0.02,0.03", "dropout=0.1", "optimizer=sgd"]
    assert not planned(text=without, sampler="grid", overrides=grid)[0].default
    assert not planned(text=without, overrides=[*grid[1:], "lr=0.02"], trials=1)[0].default, "one point is no search"


def test_a_point_that_a_narrower_space_does_not_have_is_dropped_and_told(planned: Callable[..., Any]) -> None:
    config, told = planned(overrides=["optimizer=sgd,adamw"])
    assert config.space["start"] == OWN[:1]
    assert told == [
        "the search space's start[1] is dropped: optimizer: 'adam' is not one of sgd, adamw; "
        "lr: depends on optimizer, which does not fit"
    ]


@pytest.mark.parametrize(
    ("overrides", "default"),
    [
        (["lr=0.5"], {**OWN[0], "lr": 0.5}),
        (["optimizer=adam"], {**OWN[0], "optimizer": "adam", "lr": 0.001}),
        (["optimizer=adamw,adam", "dropout=0.4..0.5"], {**OWN[0], "optimizer": "adamw", "lr": 0.001, "dropout": 0.45}),
    ],
)
def test_the_default_has_what_set_leaves_of_it(
    planned: Callable[..., Any], overrides: list[str], default: Mapping[str, Any]
) -> None:
    config, told = planned(overrides=overrides)
    assert config.space["start"][0] == default
    assert not [line for line in told if "start[0]" in line]


def test_a_bad_point_is_refused_although_set_would_mend_it(planned: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(TunerError) as caught:
        planned(text=SPACE.replace("lr = 0.05", "lr = 0.5"), overrides=["lr=0.1..1"])
    assert str(caught.value).startswith(f"{tmp_path / 'space.toml'}: start[0].lr: 0.5 is outside of 0.01 .. 0.1 log")


def test_points_of_a_file_come_after_those_of_the_space(planned: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("optimizer,lr\nadamw,0.002\nsgd,\n")
    config, _ = planned(enqueue=tmp_path / "points.csv", trials=4)
    assert config.space["start"] == [*OWN, {"optimizer": "adamw", "lr": 0.002}, {"optimizer": "sgd"}]
    many = "".join(f"sgd,{0.01 + n / 1000}\n" for n in range(40))
    (tmp_path / "points.csv").write_text(f"optimizer,lr\n{many}")
    assert len(space_of(planned(enqueue=tmp_path / "points.csv", trials=42)[0]).start) == 42


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("lr\n0.5\n", "line 2.lr: 0.5 is outside of 0.01 .. 0.1 log when optimizer = sgd"),
        ("lr\n0.05\n\nhigh\n", "line 4.lr: 'high' is not a number from 0.01 .. 0.1 log when optimizer = sgd"),
        ("lr,width\n0.05,1\n", "line 2.width: unknown parameter of the search space 'width': "),
        (
            "lr\n0.05\n0.06\n0.07\n",
            "3 points, and the search has 2 trials for them: give more --trials, or leave out the default",
        ),
    ],
)
def test_points_of_a_file_that_cannot_be_tried_are_refused(
    planned: Callable[..., Any], tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "points.csv").write_text(text)
    with pytest.raises(TunerError) as caught:
        planned(enqueue=tmp_path / "points.csv", trials=4)
    assert str(caught.value).startswith(f"--enqueue {tmp_path / 'points.csv'}: {reason}")


EARLIER = {
    "epochs": 9,
    "params": {"optimizer": "adam", "lr": {"low": 0.002, "high": 0.003}, "dropout": 0.4, "width": 2.0},
}


def test_the_best_of_an_earlier_sweep_of_any_dataset_is_tried(planned: Callable[..., Any], home: Path) -> None:
    search(home, "mnist-cnn-1", EARLIER, dataset="mnist")
    lr = find_best("mnist-cnn-1", home).trial.parameters["lr"]
    config, [told] = planned(warm_start="mnist-cnn-1")
    assert config.space["start"] == [*OWN, {"optimizer": "adam", "lr": lr, "dropout": 0.4}]
    assert told.startswith(
        "--warm-start mnist-cnn-1: trial 2, its best so far, becomes trial 2: optimizer=adam lr=0.00"
    )
    assert told.endswith(
        " dropout=0.4; dropped: width: unknown parameter of the search space 'width': "
        "choose one of batch_size, dropout, lr, optimizer"
    )


def test_a_best_trial_that_is_a_start_point_already_is_not_tried_twice(planned: Callable[..., Any], home: Path) -> None:
    search(home, "a", {"epochs": 9, "params": {"batch_size": 32, **OWN[1]}})
    config, told = planned(warm_start="a")
    assert config.space["start"] == OWN
    assert told == ["--warm-start a: trial 0, its best so far, is the search space's start[1] already"]


def test_a_best_trial_that_is_the_default_is_not_tried_twice(planned: Callable[..., Any], home: Path) -> None:
    search(home, "a", {"epochs": 9, "params": MIDDLE})
    _, told = planned(text=SPACE.partition("[[start]]")[0], warm_start="a")
    assert told == ["--warm-start a: trial 0, its best so far, is the default configuration already"]


def test_a_best_trial_for_which_there_is_no_trial_left_is_refused(planned: Callable[..., Any], home: Path) -> None:
    search(home, "a", EARLIER)
    with pytest.raises(TunerError) as caught:
        planned(warm_start="a", trials=2)
    assert str(caught.value) == (
        "--warm-start a: the search space has 2 start points, and the sweep 2 trials: give more --trials"
    )


def test_a_point_that_stands_there_twice_is_tried_once(planned: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("dropout\n0.1\n0.10\n")
    config, told = planned(enqueue=tmp_path / "points.csv")
    assert config.space["start"] == [*OWN, {"dropout": 0.1}]
    assert told == ["a start point is dropped: trial 2 has it already: dropout=0.1"]


def test_many_start_points_are_not_in_the_tag_of_mlflow() -> None:
    """MLflow would cut it, and half of a configuration cannot be read."""
    points = [{"lr": number / 1000, "dropout": 0.25} for number in range(1, 1000)]
    config = make_config(space={"epochs": 9, "params": {"lr": {"low": 0.001, "high": 1.0}}, "start": points})
    tags = tags_of(config)
    assert len(tags["tuner.config"]) < 3000
    assert config_in(tags)["trials"] == config.trials
    assert grown_tags(config, tags) == {}
    assert set(grown_tags(replace(config, trials=99), tags)) == {"tuner.config"}


def test_an_earlier_sweep_that_does_not_serve_is_refused(planned: Callable[..., Any], home: Path) -> None:
    search(home, "other", EARLIER, model="lenet")
    search(home, "far", {"epochs": 9, "params": {"width": 2.0}})
    (home / "new").mkdir()
    make_config(name="new").save(home / "new")
    refusals = {
        "othre": "unknown sweep 'othre': did you mean other?",
        "other": "--warm-start other: that is a sweep of lenet, not of cnn",
        "new": "--warm-start new: no trial of it has finished an epoch yet",
        "far": "--warm-start far: trial 0, its best so far, has no value that fits the search space; dropped: width: ",
    }
    for name, reason in refusals.items():
        with pytest.raises(TunerError) as caught:
            planned(warm_start=name)
        assert str(caught.value).startswith(reason)


def test_a_sweep_is_announced_with_its_start_points(planned: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("dropout\n" + "".join(f"0.{n}\n" for n in range(10, 16)))
    config, _ = planned(enqueue=tmp_path / "points.csv")
    assert announcement(config) == "next: 24 trials of cnn on digits, at most 5 epochs each, 1 at a time"
    lines = start_lines(config)
    assert lines[0] == "  trial 0 tries the default: batch_size=32 optimizer=sgd lr=0.05 dropout=0.25"
    assert lines[1] == "  trial 1 tries batch_size=32 optimizer=adam lr=0.001 dropout=0.25"
    assert (len(lines), lines[-1]) == (6, "  ... and 3 start points more")
    assert start_lines(make_config()) == []


def test_show_names_them(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    [own] = json.loads(typed("show", "digits", "cnn", "--json")[1])["space"]["start"]
    assert own["lr"] == 0.05
    monkeypatch.setattr(catalog, "search_space", lambda data, model: SPACE)  # noqa: ARG005
    assert (
        "\n  trial 1 tries  batch_size=32 optimizer=adam lr=0.001 dropout=0.25\n" in typed("show", "digits", "cnn")[1]
    )
    [first, _] = json.loads(typed("show", "digits", "cnn", "--json")[1])["space"]["start"]
    assert first == {"batch_size": 32, "optimizer": "sgd", "lr": 0.05, "dropout": 0.25}


def test_they_go_along_to_a_cluster(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.toml").write_text(folder)
    space, points = tmp_path / "a/x.toml", tmp_path / "b/x.toml"
    request = SweepRequest(
        dataset="digits", model="cnn", space=space, enqueue=points, warm_start="d-1", without_default=True
    )
    packed = pack(request, tmp_path / "job")
    assert (tmp_path / "job/uploads/x.toml").read_text() == "a"
    assert (tmp_path / "job/uploads/points/x.toml").read_text() == "b"
    words = command_words("sweep", packed, as_json=False)
    assert words[words.index("--enqueue") + 1] == "upload:points/x.toml"
    assert words[words.index("--warm-start") + 1] == "d-1"
    assert "--without-default" in words


def test_best_prints_the_parameters_and_the_score(typed: Typed, home: Path) -> None:
    search(home, "demo", EARLIER)
    code, out, err = typed("best", "demo")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "demo: the best so far is trial 2, epoch 1 of 9"
    assert lines[1] == "  optimizer  adam"
    assert lines[-2] == "val_accuracy  0.1000"
    assert lines[-1] == "what carries the gain over the default: 2 trials beside the winner: too few to say"
    found = json.loads(typed("best", "demo", "--json")[1])
    assert (found["trial"], found["finished"], found["val_accuracy"]) == (2, False, 0.1)
    assert found["parameters"]["width"] == 2.0


def test_best_as_a_file_is_a_space_that_begins_with_it(planned: Callable[..., Any], typed: Typed, home: Path) -> None:
    narrowed, _ = planned(overrides=["optimizer=sgd,adam"], max_epochs=7)
    search(home, "one", narrowed.space, epochs=7)
    code, out, err = typed("best", "one", "--toml")
    assert (code, err) == (0, "")
    config, told = planned(text=out)
    best = find_best("one", home).trial.parameters
    assert (config.epochs, config.space["start"], told) == (7, [best], [])
    assert space_of(config).parameters == tuple(
        each if each.parent_values != ("adam", "adamw") else type(each)(**{**vars(each), "parent_values": ("adam",)})
        for each in space_of(narrowed).parameters
    )


def test_best_refuses_what_it_cannot_show(typed: Typed, home: Path) -> None:
    check_refused(typed("best", "demo"), ["there are no sweeps in"], home)
    search(home, "demo", EARLIER)
    assert "give one of them" in typed("best", "demo", "--toml", "--json")[2]
    assert "did you mean demo?" in typed("best", "dmo")[2]


@pytest.mark.parametrize("option", ["enqueue", "warm_start"])
def test_a_grid_takes_no_points_of_the_user(tmp_path: Path, option: str) -> None:
    few = ("batch_size=32,64", "optimizer=adam", "lr=0.01", "weight_decay=0.0001", "dropout=0.1", "width=0.5")
    request = SweepRequest(
        dataset="digits",
        model="cnn",
        sampler="grid",
        overrides=few,
        enqueue=tmp_path / "points.csv" if option == "enqueue" else None,
        warm_start="x" if option == "warm_start" else None,
    )
    with pytest.raises(TunerError, match="tries all points of the space: leave --enqueue and --warm-start out"):
        plan(request, "x")


def test_priors_are_tried_as_a_point_after_all_others(planned: Callable[..., Any]) -> None:
    text = SPACE.replace("dropout = { low = 0.0, high = 0.5 }", "dropout = { low = 0.0, high = 0.5, prior = 0.1 }")
    config, _ = planned(text=text)
    own = [{**OWN[0], "dropout": 0.1}, OWN[1]]  # a default without a value for it has the prior
    assert config.space["start"] == [*own, {}]
    assert space_of(config).start[2] == {
        "batch_size": 32,
        "optimizer": "sgd",
        "lr": pytest.approx(0.0316),
        "dropout": 0.1,
    }
    without = planned(text=text.partition("[[start]]")[0], overrides=["dropout=0.0..0.4"])[0].space
    assert without["start"] == [{**MIDDLE, "dropout": 0.2}]  # the default alone: that prior is gone
    assert planned(text=text, trials=2)[0].space["start"] == own  # there is no room
