"""From a request to a sweep that can start, or to one line that says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tuner.core import catalog
from tuner.core.config import CONFIG_FILE, SweepConfig
from tuner.core.errors import TunerError
from tuner.core.files import write_checked_json
from tuner.core.objective import PLAIN
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.execution import resources
from tuner.execution.jobs.upload import command_words
from tuner.search.space_file import space_of
from tuner.sweeps.inputs import SweepInputs
from tuner.sweeps.plan import plan

pytestmark = pytest.mark.usefixtures("read_digits_once")

SPACE = """
epochs = 5
[params]
batch_size = 32
optimizer = { choices = ["sgd", "adam"] }
lr = { low = 0.01, high = 0.1, log = true }
"""

SET = "search_spaces/digits-cnn.toml with --set: params"


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "cpu_count", lambda: 4)
    monkeypatch.setattr(resources, "gpu_count", lambda: 0)


def make(**changes: Any) -> tuple[SweepConfig, SweepInputs]:
    return plan(SweepRequest(**{"dataset": "digits", "model": "cnn", **changes}), "a-name")


def refusal(**changes: Any) -> str:
    with pytest.raises(TunerError) as caught:
        make(**changes)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def space(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a search space that has the line more."""

    def write(line: str) -> Path:
        path = tmp_path / "my space.toml"
        path.write_text(SPACE + line + "\n", encoding="utf-8")
        return path

    return write


def test_a_request_of_two_names_is_filled_in_with_defaults_and_writes_nothing(tmp_path: Path) -> None:
    config, inputs = make()
    splits = inputs.splits
    assert (config.name, config.dataset, config.model, config.pair) == ("a-name", "digits", "cnn", "digits-cnn")
    assert (config.trials, config.epochs, config.seed) == (24, 20, 0)
    assert (config.time_budget, config.limit) == (None, None)
    assert (config.concurrency, config.cpus_per_trial, config.gpus_per_trial) == (4, 1, 0)
    assert {parameter.name for parameter in space_of(config).parameters} >= {"optimizer", "lr", "width"}
    assert splits.spec.name == "digits"
    assert len(splits.train.targets) + len(splits.validation.targets) + len(splits.test.targets) == 1797
    assert not any(tmp_path.iterdir())


def test_what_is_asked_for_is_what_is_planned(space: Callable[[str], Path]) -> None:
    config, inputs = make(
        trials=3, max_epochs=7, time_budget=60.0, concurrency=2, seed=9, limit=200, space=space(""),
        overrides=["lr=0.5", "dropout=0.1..0.2"],
    )  # fmt: skip
    splits = inputs.splits
    assert (config.trials, config.epochs, config.time_budget, config.seed, config.limit) == (3, 7, 60.0, 9, 200)
    assert (config.concurrency, config.cpus_per_trial) == (2, 2)
    assert config.space["params"]["lr"] == 0.5
    assert config.space["params"]["dropout"] == {"low": 0.1, "high": 0.2}
    assert abs(len(splits.train.targets) + len(splits.validation.targets) - 200) <= 10
    assert len(splits.test.targets) > 300  # whole


def test_a_pair_without_a_search_space_gets_a_default_one_which_overrides_may_change() -> None:
    config, _ = make(model="resnet", overrides=["optimizer=sgd", "depth=20,32"])
    assert config.epochs == 30
    assert config.space["params"]["depth"] == {"choices": [20, 32]}
    assert space_of(make(model="resnet")[0]).parameters


def test_without_max_epochs_those_of_the_space_count(space: Callable[[str], Path]) -> None:
    assert make(space=space(""))[0].epochs == 5


@pytest.mark.parametrize("pair", [pair for pair in catalog.names("search_spaces") if pair.startswith("digits")])
def test_every_pair_of_the_digits_can_be_planned(pair: str) -> None:
    assert make(model=pair.split("-", 1)[1])[0].pair == pair


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "digit"}, "unknown dataset 'digit': did you mean digits?"),
        ({"model": "cn"}, "unknown model 'cn': did you mean cnn?"),
        ({"model": "lstm"}, "model 'lstm' takes tabular and text data, but digits is image data: choose one of "),
        ({"limit": 19}, "--limit 19: digits needs at least 20 samples, two of each class"),
        ({"concurrency": 9}, "--concurrency 9: 4 CPU cores have room for 4 such trials at a time"),
        ({"gpus_per_trial": 1.0}, "--gpus-per-trial 1: no GPU here: "),
        ({"overrides": ["lr"]}, "--set 'lr': use NAME=VALUE, "),
        ({"overrides": ["lr=2..1"]}, SET + ".lr: low 2.0 is not below high 1.0"),
        ({"overrides": ["depth=20"]},
         SET + ".depth: unknown parameter of training and of cnn 'depth': "),
        ({"overrides": ["dropuot=0.1"]},
         SET + ".dropuot: unknown parameter of training and of cnn 'dropuot': "
         "did you mean dropout?"),
        ({"overrides": ["optimizer=rmsprop"]},
         SET + ".optimizer: unknown optimizer 'rmsprop': choose one of adam, adamw, "),
        ({"overrides": ["dropout=0.1,2"]},
         SET + ".dropout: cnn: dropout is 2: choose a number from 0.0 to 0.95"),
        ({"overrides": ["width=0.5..99"]},
         SET + ".width: cnn: width is 99"),
        ({"overrides": ["lr=-1..1"]}, SET + ".lr: lr must be above 0, got -1.0"),
        ({"overrides": ["batch_size=0..64"]},
         SET + ".batch_size: batch_size must be a whole number of at least 1, got 0"),
        ({"overrides": ["lr=high"]}, SET + ".lr: lr must be a finite number, got 'high'"),
        ({"dataset": "breast_cancer", "model": "lstm", "overrides": ["cutout=0..0.2"]},
         "search_spaces/breast_cancer-lstm.toml with --set: params.cutout: cutout hides a part of each image, and "
         "this is tabular data"),
        ({"overrides": ["word_dropout=0..0.2"]},
         SET + ".word_dropout: word_dropout hides words of each text, and this is image data: leave it out"),
        ({"dataset": "breast_cancer", "model": "lstm", "overrides": ["randaugment=0..0.2"]},
         "search_spaces/breast_cancer-lstm.toml with --set: params.randaugment: randaugment changes each image, and "
         "this is tabular data: leave it out"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_work_is_refused_in_one_line(changes: dict[str, Any], message: str) -> None:
    assert refusal(**changes).startswith(message)


@pytest.mark.parametrize("value", ["16.5", "16.0..64.0", "true"])
def test_a_batch_size_that_no_trial_could_train_with_is_refused_before_anything_starts(value: str) -> None:
    assert refusal(overrides=[f"batch_size={value}"]).startswith(SET + ".batch_size: ")


@pytest.mark.parametrize(
    ("choices", "left"),
    [("sgd,adam", {"sgd", "adam"}), ("adam,adamw", {"adam", "adamw"}), ("sgd,adamw", {"sgd", "adamw"})],
)
def test_choices_may_be_narrowed_though_other_lines_speak_of_those_left_out(choices: str, left: set[str]) -> None:
    """The lines of digits-cnn say when = { optimizer = ["adam", "adamw"] }."""
    config, _ = make(overrides=[f"optimizer={choices}"])
    [optimizer] = [each for each in space_of(config).parameters if each.name == "optimizer"]
    assert set(optimizer.choices) == left


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_choice_may_be_settled_though_other_lines_speak_of_those_left_out(optimizer: str) -> None:
    assert make(overrides=[f"optimizer={optimizer}"])[0].space["params"]["optimizer"] == optimizer


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("width = { low = 1", "not valid TOML: "),
        ("width = { low = 2, high = 1 }", "params.width: low 2 is not below high 1"),
        ("hidden_size = 8", "params.hidden_size: unknown parameter of training and of cnn 'hidden_size': "),
        ("width = { choices = [1, 99] }", "params.width: cnn: width is 99: choose a number from 0.125 to 4"),
        ("width = 'wide'", "params.width: cnn: width is 'wide': choose a number from 0.125 to 4"),
        ("[other]", "unknown key 'other': a search space has epochs, constrain, [params] and [[start]]"),
    ],
)  # fmt: skip
def test_a_bad_space_of_the_user_is_refused_with_its_file_key_and_reason(
    space: Callable[[str], Path], line: str, reason: str
) -> None:
    path = space(line)
    assert refusal(space=path).startswith(f"{path}: {reason}")


def test_a_space_that_is_missing_a_folder_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert refusal(space=tmp_path / "none") == f"--space {tmp_path / 'none'}: No such file or directory"
    assert refusal(space=tmp_path) == f"--space {tmp_path}: Is a directory"
    assert refusal(space=tmp_path / "binary") == f"--space {tmp_path / 'binary'}: not UTF-8 text"


@pytest.mark.parametrize("params", ["3", "'ab'", "[1]"])
def test_a_space_whose_params_are_no_table_is_refused(tmp_path: Path, params: str) -> None:
    path = tmp_path / "space.toml"
    path.write_text(f"epochs = 1\nparams = {params}\n", encoding="utf-8")
    assert refusal(space=path) == f"{path}: [params] is missing or empty"


def test_a_model_that_does_not_fit_the_task_is_refused_with_those_that_do(space: Callable[[str], Path]) -> None:
    message = refusal(model="lstm", space=space(""))
    assert message.startswith(
        "model 'lstm' takes tabular and text data, but digits is image data: choose one of alexnet, cnn, "
    )
    assert "lstm" not in message.split("choose one of")[1]
    message = refusal(dataset="breast_cancer", space=space(""))
    assert message.startswith("model 'cnn' takes image data, but breast_cancer is tabular data: choose one of ")
    assert "lstm" in message.split("choose one of")[1]


def test_a_typing_error_is_found_before_the_data_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a large set takes a while."""

    def read(_: object) -> None:
        raise AssertionError("the data is read")

    monkeypatch.setattr(catalog.load("datasets", "digits"), "load", read)
    for changes in ({"model": "cn"}, {"overrides": ["dept=1"]}, {"overrides": ["lr=2..1"]}, {"concurrency": 99}):
        refusal(**changes)


def test_data_may_be_limited_and_the_test_split_stays_whole() -> None:
    whole, part = Source("digits").load(), Source("digits").load(100)
    assert len(part.train.targets) < len(whole.train.targets)
    assert len(part.test.targets) == len(whole.test.targets)


def test_a_model_that_takes_long_over_the_data_says_so(tmp_path: Path) -> None:
    table = tmp_path / "wide.csv"
    lines = [",".join([*(f"{(row * column) % 7 + 0.5}" for column in range(600)), "ab"[row % 2]]) for row in range(20)]
    table.write_text("\n".join([",".join([*(f"g{column}" for column in range(600)), "kind"]), *lines]))
    _, inputs = make(dataset=f"csv:{table}", target="kind", model="lstm")
    assert "features of a row one after the other" in inputs.splits.notes[-1]
    assert inputs.splits.notes[-1].endswith("mlp takes them all at once")
    _, inputs = make(dataset=f"csv:{table}", target="kind", model="mlp")
    assert not any("mlp" in note for note in inputs.splits.notes)


def test_a_training_of_few_steps_is_told() -> None:
    _, inputs = make(fixed={"epochs": 6, "params": {"batch_size": 64}}, limit=50, trials=1)
    assert inputs.splits.notes[-1] == (
        "40 training samples in batches of 64 and 6 epochs make 6 steps in all, which may be too few to learn from: "
        "smaller batches (--set batch_size=8) or more epochs give more"
    )
    _, inputs = make(fixed={"epochs": 6, "params": {"batch_size": 8}}, limit=50, trials=1)
    assert inputs.splits.notes == ()
    _, inputs = make(limit=50)  # the space has batches of 32 to 128, and 20 epochs
    assert inputs.splits.notes[-1].startswith("40 training samples in batches of 32 and 20 epochs make 20 steps in all")
    assert make()[1].splits.notes == ()


GRID = """
epochs = 5
[params]
batch_size = 32
optimizer = { choices = ["sgd", "adam"] }
lr = { choices = [0.01, 0.1, 0.3] }
"""


def test_a_sweep_has_no_more_trials_than_its_space_has_points(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(GRID, encoding="utf-8")
    config, _ = make(space=path, sampler="grid")
    assert (config.trials, config.sampler, config.scheduler) == (6, "grid", "asha")
    assert make(space=path, sampler="grid", trials=4)[0].trials == 4
    assert make(space=path)[0].trials == 6
    assert make()[0].trials == 24
    message = "--trials 7: the grid has 6 points: leave --trials out"
    assert refusal(space=path, sampler="grid", trials=7) == message


def test_auto_is_replaced_by_what_it_chooses_so_that_a_resumed_sweep_does_the_same(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(GRID, encoding="utf-8")
    config, _ = make(space=path, sampler="auto")
    assert (config.trials, config.sampler, config.auto) == (6, "grid", "the space has 6 points")
    assert not config.default  # a grid has all points
    config.save(tmp_path)
    assert SweepConfig.load(tmp_path) == config
    config, _ = make(sampler="auto", trials=30)
    assert (config.trials, config.sampler, config.auto) == (30, "tpe", "some parameters depend on others")
    assert config.default
    assert make(sampler="tpe")[0].auto == ""


def test_a_range_without_steps_has_no_grid(space: Callable[[str], Path]) -> None:
    assert refusal(space=space(""), sampler="grid") == (
        "--sampler grid: lr is a range without steps: give it a step, or choices such as --set lr=0.01,0.1"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampler": "tpee"}, "unknown --sampler 'tpee': did you mean tpe?"),
        ({"sampler": "x"}, "unknown --sampler 'x': choose one of auto, cmaes, gp, grid, qmc, random, tpe"),
        ({"scheduler": "ash"}, "unknown --scheduler 'ash': did you mean asha or pasha?"),
        (
            {"scheduler": "x"},
            "unknown --scheduler 'x': choose one of asha, asha-stop, hyperband, median, none, pasha, pbt",
        ),
    ],
)
def test_an_unknown_sampler_or_scheduler_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TunerError) as caught:
        SweepRequest(dataset="digits", model="cnn", **changes).check()
    assert str(caught.value) == message


def test_a_sweep_of_an_earlier_version_has_tpe_and_asha(tmp_path: Path) -> None:
    config, _ = make(sampler="random", scheduler="none")
    config.save(tmp_path)
    assert SweepConfig.load(tmp_path) == config
    older = {name: value for name, value in asdict(config).items() if name not in {"sampler", "scheduler"}}
    write_checked_json(tmp_path / CONFIG_FILE, older)
    loaded = SweepConfig.load(tmp_path)
    assert (loaded.sampler, loaded.scheduler) == ("tpe", "asha")


def test_objectives_and_constraints_are_planned_with_their_directions(tmp_path: Path) -> None:
    config, _ = make(objective="val_loss,parameters", constraint="latency_ms <= 2,val_accuracy>=0.9")
    assert (config.objective, config.constraint) == ("val_loss:min,parameters:min", "latency_ms<=2,val_accuracy>=0.9")
    config.save(tmp_path)
    assert SweepConfig.load(tmp_path).goal == config.goal
    older = {name: value for name, value in asdict(config).items() if name not in {"objective", "constraint"}}
    write_checked_json(tmp_path / CONFIG_FILE, older)
    assert SweepConfig.load(tmp_path).goal == make()[0].goal == PLAIN


def test_two_objectives_are_no_search_for_cmaes() -> None:
    with pytest.raises(TunerError, match="--sampler cmaes takes one objective"):
        SweepRequest(dataset="digits", model="cnn", objective="val_loss,parameters", sampler="cmaes").check()


def test_a_cluster_is_told_the_objectives() -> None:
    request = SweepRequest(dataset="digits", model="cnn", objective="val_loss,parameters", constraint="parameters<=9")
    words = command_words("sweep", request, as_json=False)
    assert words[words.index("--objective") + 1] == "val_loss,parameters"
    assert words[words.index("--constraint") + 1] == "parameters<=9"
    plain = command_words("sweep", SweepRequest(dataset="digits", model="cnn"), as_json=False)
    assert not {"--objective", "--constraint"} & set(plain)
