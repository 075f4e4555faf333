"""`tuner train`: one training, in the process of the command, kept and tracked like a sweep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.common import Command, Finished, read_runs, read_study

from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.sweeps.single_trial import single_trial


def parameters(*overrides: str, from_best: str | None = None, home: Path = Path("runs"), model: str = "cnn") -> object:
    request = SweepRequest(dataset="digits", model=model, overrides=overrides)
    fixed = single_trial(request, home, from_best).fixed
    assert fixed is not None
    return fixed["params"]


def test_by_default_the_middle_of_the_search_space_is_trained() -> None:
    assert parameters() == {
        "batch_size": 64,
        "optimizer": "sgd",
        "lr": 0.1,
        "momentum": 0.875,
        "weight_decay": 0.000316,
        "dropout": 0.25,
        "width": 1.0,
    }


def test_what_depends_on_a_parameter_follows_it() -> None:
    adam = parameters("optimizer=adam", "batch_size=32")
    assert adam == {
        "batch_size": 32,
        "optimizer": "adam",
        "lr": 0.00316,
        "weight_decay": 0.000316,
        "dropout": 0.25,
        "width": 1.0,
    }


def test_the_best_trial_of_a_sweep_is_trained_again_with_changes(finished: Finished) -> None:
    best = finished.result["best"]["parameters"]
    name = finished.sweep.name
    assert parameters(from_best=name, home=finished.home) == best
    assert parameters("dropout=0", from_best=name, home=finished.home) == {**best, "dropout": 0}


def test_what_is_wrong_is_said_in_one_line(finished: Finished) -> None:
    for overrides in (("lr=0.1,0.2",), ("lr=0.1..0.2",)):
        with pytest.raises(TunerError, match=r"^--set 'lr=0\.1.*one training takes one value"):
            parameters(*overrides)
    with pytest.raises(TunerError, match=r"that is a sweep of cnn, not of resnet$"):
        parameters(from_best=finished.sweep.name, home=finished.home, model="resnet")
    with pytest.raises(TunerError, match=r"^unknown sweep 'digits-cnn-7': did you mean digits-cnn-1"):
        parameters(from_best="digits-cnn-7", home=finished.home)


def test_a_training_leaves_what_a_sweep_leaves(cold_tuner: Command, tuner: Command, tmp_path: Path) -> None:
    """And the same again after `tuner up`."""
    arguments = ("train", "digits", "cnn", "--epochs", "3", "--set", "width=0.25", "--cpus", "1", "--seed", "3")
    done = cold_tuner(*arguments, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "parameters: batch_size=64 optimizer=sgd" in done.stderr
    result = json.loads(done.stdout)
    assert result["trials"] == {"done": 1}
    assert result["epochs"] == 3
    assert result["model"]["uri"] == "models:/digits-cnn@champion"
    [trial] = read_study(Path(result["folder"])).trials
    assert sorted(trial.intermediate_values) == [1, 2, 3]
    found = read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")
    assert [run.info.status for run in found] == ["FINISHED", "FINISHED"]
    assert not (Path(result["folder"]) / "ray").exists()

    again = json.loads(tuner(*arguments, "--json", folder=tmp_path).stdout)
    assert again["sweep"] == "digits-cnn-2"
    assert again["test"] == result["test"]  # the same seed, to the last digit
