"""A sweep of several models: what is planned, what is refused, how the winner is compared, what suits some data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.checkpoints import save_constant_model
from support.common import make_config
from support.digits import some_digits
from support.made_up_search import report_of, study_of

from tuner.core import several_models
from tuner.core.callback import Callback, Callbacks
from tuner.core.config import SweepConfig
from tuner.core.default_text import default_text
from tuner.core.errors import TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.kept_checkpoints import compared_at_end
from tuner.core.models_compared import AgainstModel, by_model
from tuner.core.sweep_folder import SweepFolder, checkpoint_folder
from tuner.core.sweep_request import SweepRequest
from tuner.data.spec import DataSpec, Split, Splits
from tuner.execution import resources
from tuner.execution.jobs.upload import pack, unpack
from tuner.search.controller import Controller
from tuner.search.schedulers import make_scheduler
from tuner.search.space_file import space_of
from tuner.search.study import Study
from tuner.sweeps import short_list as listing
from tuner.sweeps.best_trial import best_for
from tuner.sweeps.choice import choose
from tuner.sweeps.model_choice import with_models
from tuner.sweeps.models_compared import compare_models
from tuner.sweeps.new_space import with_space
from tuner.sweeps.plan import plan
from tuner.sweeps.several import check_several
from tuner.sweeps.short_list import MOST, listed, short_list
from tuner.training.step_cost import StepCost

SPACE: dict[str, Any] = {
    "epochs": 1,
    "models": ["cnn", "lenet"],
    "params": {"cnn.width": 0.125, "lenet.dropout": {"low": 0.0, "high": 0.4}},
    "start": [{"model": "cnn"}, {"model": "lenet"}, {"model": "cnn"}, {"model": "lenet"}],
}
CONFIG = make_config(model="cnn,lenet", trials=4, epochs=1, concurrency=1, default=True, space=SPACE)


@pytest.fixture(scope="module")
def digits() -> Splits:
    return some_digits()


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "cpu_count", lambda: 2)
    monkeypatch.setattr(resources, "gpu_count", lambda: 0)


def make(**changes: Any) -> SweepConfig:
    config, _ = plan(SweepRequest(**{"dataset": "digits", "model": "cnn,lenet", **changes}), "a-name")
    return config


@pytest.mark.usefixtures("read_digits_once")
def test_each_model_has_its_space_and_its_default_comes_first() -> None:
    config = make(overrides=["lr=0.01..0.1", "lenet.batch_size=64"], trials=6)
    space = space_of(config)
    assert [point["model"] for point in space.start[:2]] == ["cnn", "lenet"]
    assert config.defaults == 2
    assert make_scheduler(config).rungs_of(1) == ()
    assert make_scheduler(config).rungs_of(2) != ()
    ranges = {each.key: (each.low, each.high) for each in space.parameters if each.name == "lr"}
    assert ranges == {"cnn.lr": (0.01, 0.1), "lenet.lr": (0.01, 0.1)}
    assert [each.choices for each in space.parameters if each.key == "lenet.batch_size"] == [(64,)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampler": "gp"}, "--sampler gp: a Gaussian process knows the parameters that every trial has"),
        ({"sampler": "cmaes"}, "--sampler cmaes: "),
        ({"scheduler": "pbt"}, "--scheduler pbt: a trial takes over the weights of another"),
        ({"weights": Path("x.pt")}, "--weights x.pt: a file is for one model"),
        ({"trials": 1}, "--trials 1: the default configurations of 2 models are tried first: give at least 2"),
    ],
)
def test_what_several_models_cannot_have_is_refused_in_a_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TunerError) as caught:
        check_several(SweepRequest(dataset="digits", model="cnn,lenet", **changes))
    assert str(caught.value).startswith(message)
    check_several(SweepRequest(dataset="digits", model="cnn", **changes))


@pytest.mark.usefixtures("read_digits_once")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "cnn,lstm"}, "model 'lstm' takes tabular and text data"),
        ({"model": "lenet,vgg16"}, "vgg16: digits has images of 8x8 pixels"),
        ({"overrides": ["activation=nix"]}, "params.lenet.activation: lenet: activation is 'nix'"),
        ({"overrides": ["model=cnn"]}, "name the models on the command line"),
        ({"overrides": ["nix=1"]}, "params.nix: unknown parameter of training and of cnn 'nix'"),
    ],
)
def test_a_model_or_value_that_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TunerError) as caught:
        make(**changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("read_digits_once")
def test_a_file_of_other_models_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('models = ["cnn", "resnet"]\nepochs = 1\n[params]\nlr = 0.1\n')
    for models in ("cnn,lenet", "cnn"):
        with pytest.raises(TunerError, match="it is a search space of cnn, resnet: give MODEL as cnn,resnet"):
            make(model=models, space=file)
    file.write_text("epochs = 3\n[params]\nlr = 0.1\n[params.lenet]\ndropout = 0.2\n")
    assert make(space=file).space["params"] == {"lr": 0.1, "lenet.dropout": 0.2}


def search(folder: SweepFolder, scores: list[float]) -> Study:
    study = study_of(CONFIG, folder.path)
    controller = Controller(CONFIG, study, make_scheduler(CONFIG), folder, Callback(), compared_at_end(CONFIG))
    for score in scores:
        drawn = controller.next_trial()
        assert drawn
        controller.on_report(drawn[0], report_of(1, score))
    controller.finish()
    return study


def test_the_winner_is_compared_with_the_best_of_the_other_model_on_the_same_samples(
    tmp_path: Path, digits: Splits
) -> None:
    folder, inputs = SweepFolder(tmp_path), digits.validation.inputs
    skewed = replace(digits, validation=Split(inputs, (torch.arange(len(inputs)) < 300).long()))
    for number, (name, label) in enumerate([("cnn", 5), ("lenet", 0), ("cnn", 1), ("lenet", 7)]):
        save_constant_model(folder.trials, number, skewed, torch.eye(10)[label], name)
    study = search(folder, [0.5, 0.6, 0.8, 0.4])
    assert sorted(by_model(CONFIG, study.records())) == ["cnn", "lenet"]
    assert not checkpoint_folder(folder.trials, 3).exists(), "of each model the best is kept, and the defaults"
    found = choose(CONFIG, study, folder, None, skewed)
    assert found
    assert found.default
    assert (found.trial.number, found.default.trial, found.default.model) == (2, 1, "lenet"), (
        "the better default counts"
    )
    assert "the default configuration of lenet, the best of the defaults (trial 1)" in default_text(found.default, 1)
    [against] = compare_models(CONFIG, study, found.trial, folder, None, skewed)
    assert (against.model, against.trial, against.trials) == ("lenet", 1, 2)
    assert against.difference
    assert against.difference.size == pytest.approx((300 - 59) / 359)
    assert against.text("cnn", 2).startswith("against lenet (trial 1) cnn is better by 67 points (")
    assert AgainstModel.from_json(against.to_json()) == against
    (checkpoint_folder(folder.trials, 1)).rename(tmp_path / "gone")
    assert compare_models(CONFIG, study_of(CONFIG, tmp_path), found.trial, folder, None, skewed) == (against,)


def test_a_sweep_of_one_of_the_models_can_begin_with_the_best_and_the_reverse(tmp_path: Path) -> None:
    several = replace(CONFIG, name="several")
    one = make_config(name="one", space={"epochs": 1, "params": {"width": {"choices": [0.125, 0.25]}}}, epochs=1)
    for config, model in ((several, "cnn"), (one, "")):
        folder = SweepFolder(tmp_path / config.name)
        folder.path.mkdir()
        config.save(folder.path)
        study = study_of(config, folder.path)
        number, parameters = study.ask()
        assert parameters.get("model", "") == model
        study.report(number, report_of(1, 0.9).metrics)
    assert best_for("cnn", "several", tmp_path, "--from-best").trial.parameters == {"width": 0.125}
    assert best_for("lenet,cnn", "one", tmp_path, "--warm-start").trial.parameters["model"] == "cnn"
    with pytest.raises(TunerError, match="its best trial is of cnn, not of lenet"):
        best_for("lenet", "several", tmp_path, "--from-best")
    with pytest.raises(TunerError, match="that is a sweep of cnn, not of lenet or resnet"):
        best_for("lenet,resnet", "one", tmp_path, "--warm-start")


def test_a_sweep_that_goes_on_draws_from_changed_ranges_of_each_model(tmp_path: Path) -> None:
    study = search(SweepFolder(tmp_path), [0.5, 0.6, 0.8, 0.4])
    asked = GrowRequest(
        trials=6,
        overrides=(
            "dropout=0.1..0.2",
            "cnn.width=0.125,0.25",
        ),
    )
    grown = with_space(CONFIG, asked, study.records(), Callback())
    ranges = {each.key: each.choices or (each.low, each.high) for each in space_of(grown).parameters}
    assert ranges["lenet.dropout"] == ranges["cnn.dropout"] == (0.1, 0.2)
    assert ranges["cnn.width"] == (0.125, 0.25)
    file = tmp_path / "other.toml"
    file.write_text('models = ["cnn", "resnet"]\nepochs = 1\n[params]\nlr = 0.1\n')
    with pytest.raises(TunerError, match="it is a search space of cnn, resnet"):
        with_space(CONFIG, GrowRequest(trials=6, space=file), study.records(), Callback())


def test_a_file_that_names_models_needs_no_model_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('models = ["cnn", "lenet"]\nepochs = 1\n[params]\nlr = 0.1\n')
    asked, _ = with_models(SweepRequest(dataset="digits", space=file), Callbacks())
    assert asked.model == "cnn,lenet"
    file.write_text("epochs = 1\n[params]\nlr = 0.1\n")
    with pytest.raises(TunerError, match="it does not say of which model it is: give MODEL, too"):
        with_models(SweepRequest(dataset="digits", space=file), Callbacks())


def test_own_models_are_sent_to_a_cluster_each_with_its_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "b.py"):
        Path(name).write_text(f'"""Mine."""\nTASKS = ("image",)\n\n\ndef build(data):\n    return "{name}"\n')
    models = several_models.resolve("a.py,cnn,b.py")
    packed = pack(SweepRequest(dataset="digits", model=models), tmp_path / "files")
    assert packed.model == "upload:code/model,cnn,upload:code/model-2"
    monkeypatch.chdir(tmp_path / "files")
    [there] = unpack([packed.model], tmp_path)
    assert several_models.titles(several_models.resolve(there)) == ("a", "cnn", "b")
    assert several_models.resolve(there).count("@") == 2


SECONDS = {"lenet": 1.0, "resnet": 9.0, "cnn": 5.0, "zfnet": 8.0, "alexnet": 7.0, "efficientnet_lite0": 20.0}
"""Of an epoch, in place of what a busy machine would measure. The first ones have the fewest weights."""


def photos(side: int) -> DataSpec:
    return DataSpec(
        name="photos", task="image", shape=(3, side, side), classes=("a", "b"), mean=(0.0,) * 3, std=(1.0,) * 3
    )


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, float]:
    """Only one file of pretrained weights is at hand."""
    monkeypatch.setenv("TUNER_DATA", str(tmp_path))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "efficientnet-lite0-57934424.pth").touch()
    found = dict(SECONDS)

    def measured(_spec: DataSpec, model: str, *_: object) -> StepCost:
        once = model == "efficientnet_lite0"
        return StepCost(weights=1000 * (1 + list(SECONDS).index(model)), epoch_seconds=found[model], once=once)

    monkeypatch.setattr(listing, "measure_step", measured)
    return found


def why_not(spec: DataSpec, **changes: Any) -> dict[str, str]:
    return {each.model: each.why_not for each in short_list("photos", spec, 100, **changes)}


def test_what_suits_images_is_told_with_reasons(seconds: dict[str, float]) -> None:
    found = why_not(photos(64))
    assert list(found)[:MOST] == ["efficientnet_lite0", "lenet", "resnet", "cnn"]
    assert not any(list(found.values())[:MOST])
    assert found["zfnet"] == "4,000 weights, more than those of 4 others"
    assert found["vgg16"] == "the pretrained weights that it starts from are not here"
    seconds["cnn"] = 4000.0
    found = why_not(photos(64))
    assert found["cnn"] == "a training for 30 epochs would take about 33 h 20 min here"
    assert not found["zfnet"], "there is room for it now"
    assert [model for model, reason in why_not(photos(64), most=2).items() if not reason] == [
        "efficientnet_lite0",
        "lenet",
    ]
    few = why_not(photos(64), longest=1.0)
    assert [model for model, reason in few.items() if not reason] == ["lenet"], "the one that is trained soonest stays"
    assert few["efficientnet_lite0"] == "fine-tuning it for 30 epochs would take about 30 min here"


@pytest.mark.usefixtures("seconds")
def test_models_that_do_not_fit_small_images_are_left_out() -> None:
    found = why_not(photos(8))
    assert found["mobilenet_v2"].endswith("choose 32x32 or larger ones")
    assert found["efficientnet_lite0"] == "its weights know images of 160 pixels, and these have 8x8"


def test_the_models_for_tables_are_measured_for_real() -> None:
    spec = DataSpec(name="a-table", task="tabular", shape=(4,), classes=("a", "b"), mean=(0.0,) * 4, std=(1.0,) * 4)
    found = short_list("a-table", spec, 100)
    lines, left = listed(found)
    assert sorted(each.model for each in found) == ["lstm", "mlp"]
    assert all(each.cost and each.cost.epoch_seconds > 0 for each in found)
    assert all("an epoch here" in line for line in lines)
    assert left == ""
