"""Real sweeps that get more trials: finished, interrupted, and killed while they grow."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from support.common import Command, Start, epochs_in, read_runs, read_study, wait_for_epochs
from support.processes import end

from tuner.core.config import SweepConfig
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import SweepFolder

SMALL = ("--set", "width=0.25", "--set", "optimizer=adamw", "--max-epochs", "3", "--name", "x")
GOOD, BAD = (0.003, 0.006), (1e-7, 2e-7)


def begin(lr: tuple[float, float], trials: int, *more: str) -> tuple[str, ...]:
    low, high = lr
    return ("sweep", "digits", "cnn", "--trials", str(trials), "--set", f"lr={low}..{high}", *SMALL, *more)


def set_range(folder: Path, lr: tuple[float, float]) -> None:
    """So that it is known which trials win. No command does that."""
    config = SweepConfig.load(folder / "runs/x")
    params = {**config.space["params"], "lr": {"low": lr[0], "high": lr[1], "log": True}}
    replace(config, space={**config.space, "params": params}).save(folder / "runs/x")


def epochs(folder: Path) -> dict[int, dict[int, float]]:
    return {trial.number: dict(trial.intermediate_values) for trial in read_study(folder / "runs/x").trials}


def client(folder: Path) -> MlflowClient:
    uri = f"sqlite:///{folder}/runs/mlflow.db"
    return MlflowClient(uri, uri)


def runs(folder: Path) -> dict[str, Run]:
    """Of the sweep and its trials."""
    found = read_runs(f"sqlite:///{folder}/runs/mlflow.db", "digits-cnn")
    by_trial = {run.data.tags.get("tuner.trial", "parent"): run for run in found}
    assert len(by_trial) == len(found)
    return by_trial


def done(process: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert process.returncode == 0, process.stderr
    found: dict[str, Any] = json.loads(process.stdout)
    return found


def check_mlflow(folder: Path, trials: int) -> dict[str, Run]:
    """Each trial is a run below the sweep's one, with each of its epochs once."""
    found = runs(folder)
    known = epochs(folder)
    assert sorted(known) == list(range(trials))
    numbered = {key: run for key, run in found.items() if key.isdecimal()}
    assert sorted(map(int, numbered)) == sorted(known)
    assert found["parent"].info.status == "FINISHED"
    assert json.loads(found["parent"].data.tags["tuner.config"])["trials"] == trials
    for key, run in numbered.items():
        assert run.data.tags["mlflow.parentRunId"] == found["parent"].info.run_id
        history = client(folder).get_metric_history(run.info.run_id, "val_accuracy")
        assert [(point.step, point.value) for point in history] == sorted(known[int(key)].items())
    return found


@pytest.mark.proof
def test_a_finished_sweep_that_is_killed_while_it_grows_loses_nothing_and_registers_its_new_winner(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    first = done(tuner(*begin(BAD, 3, "--json"), folder=tmp_path))
    parent, before, told = runs(tmp_path)["parent"], epochs(tmp_path), epochs_in(tmp_path)
    set_range(tmp_path, GOOD)
    folder = SweepFolder(tmp_path / "runs/x")

    growing = start("resume", "x", "--trials", "6", folder=tmp_path)
    wait_for_epochs(tmp_path, told + 2, growing)
    end(growing, signal.SIGKILL)
    assert not folder.result.exists()
    assert json.loads(folder.earlier_result.read_text())["best"] == first["best"]
    assert SweepConfig.load(folder.path).trials == 6
    half = epochs(tmp_path)
    assert len(half) > 3

    resumed = tuner("resume", "x", "--json", folder=tmp_path)
    result = done(resumed)
    after = epochs(tmp_path)
    assert {number: after[number] for number in before} == before
    assert all(values.items() <= after[number].items() for number, values in half.items())
    assert result["best"]["trial"] >= 3
    assert result["best"]["val_accuracy"] > first["best"]["val_accuracy"]
    assert f"the winner is trial {result['best']['trial']} now, no longer {first['best']['trial']}\n" in resumed.stderr
    assert (result["test_looks"], result["tested_before"]) == (2, 1)
    assert result["trials"].keys() <= {"done", "pruned"}
    assert not folder.earlier_result.exists()
    assert folder.report_page.exists()

    found = check_mlflow(tmp_path, 6)
    assert found["parent"].info.run_id == parent.info.run_id
    tags, metrics = found["parent"].data.tags, found["parent"].data.metrics
    assert (tags["tuner.best_trial"], metrics["test_looks"]) == (str(result["best"]["trial"]), 2)
    assert json.loads(tags["tuner.best_parameters"]) == result["best"]["parameters"]
    assert metrics["test_accuracy"] == result["test"]["accuracy"]
    versions = client(tmp_path).search_model_versions("name = 'digits-cnn'")
    trials = {int(each.version): each.tags["tuner.best_trial"] for each in versions}
    assert trials == {1: str(first["best"]["trial"]), 2: str(result["best"]["trial"])}
    assert int(client(tmp_path).get_model_version_by_alias("digits-cnn", "champion").version) == 2
    assert tuner("promote", "x", folder=tmp_path).returncode == 0  # the newer one is meant
    again = tuner("resume", "x", folder=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "for more trials: tuner resume x --trials 12" in again.stderr


@pytest.mark.proof
def test_the_same_winner_keeps_its_test_its_version_and_its_confirmation(tuner: Command, tmp_path: Path) -> None:
    first = done(tuner(*begin(GOOD, 2, "--confirm", "2", "--json"), folder=tmp_path))
    set_range(tmp_path, BAD)
    grown = tuner("resume", "x", "--trials", "4", "--time-budget", "1h", "--json", folder=tmp_path)
    result = done(grown)
    assert "x goes on: 4 trials instead of 2, of which it has 2\n" in grown.stderr
    assert "the search may take 60 min from now on\n" in grown.stderr
    assert f"the winner is still trial {first['best']['trial']}: its model is not tested again\n" in grown.stderr
    assert "confirming" not in grown.stderr
    for name in ("test", "confirm", "confirm_seconds", "test_looks", "tested_before"):
        assert result[name] == first[name]
    assert result["best"]["trial"] == first["best"]["trial"]
    assert result["model"]["uri"] == first["model"]["uri"]
    assert "tuner confirm x --seeds 3" not in grown.stderr
    found = check_mlflow(tmp_path, 4)
    assert found["parent"].data.metrics["confirm_seeds"] == 2
    assert len(client(tmp_path).search_model_versions("name = 'digits-cnn'")) == 1
    assert read_result(tmp_path / "runs/x") == result


@pytest.mark.proof
@pytest.mark.parametrize("detach", [False, True])
def test_an_interrupted_sweep_grows(tuner: Command, start: Start, tmp_path: Path, *, detach: bool) -> None:
    process = start(*begin(GOOD, 3), folder=tmp_path)
    wait_for_epochs(tmp_path, 1, process)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=120) is not None
    assert process.returncode == 130
    before = epochs(tmp_path)
    too_few = tuner("resume", "x", "--trials", "1", folder=tmp_path)
    assert (too_few.returncode, too_few.stderr.count("\n")) == (2, 1)
    if detach:
        begun = tuner("resume", "x", "--trials", "4", "--detach", folder=tmp_path)
        assert begun.returncode == 0, begun.stderr
        assert tuner("status", "x", "--watch", folder=tmp_path).returncode == 0
    else:
        done(tuner("resume", "x", "--trials", "4", "--json", folder=tmp_path))
    after = epochs(tmp_path)
    assert all(values.items() <= after[number].items() for number, values in before.items())
    check_mlflow(tmp_path, 4)


@pytest.mark.proof
def test_a_sweep_goes_on_in_another_search_space_also_after_a_kill(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    """Bad learning rates first: the new range has the winner. Its other parameters are changed in kind.

    That one with more epochs goes on in the same way is a proof, and is shown without workers in test_new_length.py.
    """
    more = ("--set", "batch_size=32,64", "--set", "dropout=0.1")
    first = done(tuner(*begin(BAD, 4, *more, "--json"), folder=tmp_path))
    before, told = epochs(tmp_path), epochs_in(tmp_path)
    changes = ("--set", f"lr={BAD[0]}..{GOOD[1]}", "--set", "batch_size=64,128", "--set", "dropout=0.0..0.3")
    growing = start("resume", "x", "--trials", "8", *changes, folder=tmp_path)
    wait_for_epochs(tmp_path, told + 2, growing)
    end(growing, signal.SIGKILL)
    resumed = tuner("resume", "x", "--trials", "10", "--set", f"lr={GOOD[0]}..{GOOD[1]}", "--json", folder=tmp_path)
    result = done(resumed)
    assert "new trials are drawn from lr = " in resumed.stderr
    after = epochs(tmp_path)
    assert {number: after[number] for number in before} == before
    config = SweepConfig.load(tmp_path / "runs/x")
    [one, two] = config.earlier
    assert (one["trials"], len(after), config.trials) == (4, 10, 10)
    assert 4 < two["trials"] < 10
    trials = {trial.number: trial for trial in read_study(tmp_path / "runs/x").trials}
    parameters = {number: trial.user_attrs["parameters"] for number, trial in trials.items()}
    assert {each["batch_size"] for number, each in parameters.items() if number >= 4} <= {64, 128}
    assert all(GOOD[0] <= parameters[number]["lr"] <= GOOD[1] for number in range(two["trials"], 10))
    assert all("batch_size #2" in trials[number].params for number in range(4, 10))
    assert result["best"]["val_accuracy"] > first["best"]["val_accuracy"]
    assert result["best"]["trial"] >= 4
    found = check_mlflow(tmp_path, 10)
    assert json.loads(found["parent"].data.tags["tuner.config"])["space"] == config.space
    assert SweepFolder(tmp_path / "runs/x").report_page.exists()


@pytest.mark.proof
def test_a_sweep_goes_on_for_more_epochs_with_its_best_points_also_after_a_kill(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    """Two points that learn next to nothing in three epochs learn more in nine."""
    first = done(tuner(*begin((1e-5, 2e-5), 2, "--json"), folder=tmp_path))
    before, told = epochs(tmp_path), epochs_in(tmp_path)
    growing = start("resume", "x", "--max-epochs", "9", folder=tmp_path)
    wait_for_epochs(tmp_path, told + 2, growing)
    end(growing, signal.SIGKILL)
    resumed = tuner("resume", "x", "--json", folder=tmp_path)
    result = done(resumed)
    after = epochs(tmp_path)
    assert {number: after[number] for number in before} == before
    assert sorted(after) == [0, 1, 2, 3]
    config = SweepConfig.load(tmp_path / "runs/x")
    assert (config.epochs, config.trials, [each["epochs"] for each in config.earlier]) == (9, 4, [3])
    trials = read_study(tmp_path / "runs/x").trials
    again = [trial.user_attrs["parameters"] for trial in trials]
    best = first["best"]["trial"]
    assert [again[2], again[3]] == [again[best], again[1 - best]]
    assert max(after[2]) == 9  # with as many workers as trials, both may have got there
    assert {max(after[2]), max(after[3])} <= {1, 3, 9}
    assert result["best"]["trial"] in (2, 3)
    assert result["best"]["val_accuracy"] > first["best"]["val_accuracy"]
    assert json.loads(check_mlflow(tmp_path, 4)["parent"].data.tags["tuner.config"])["epochs"] == 9
    assert SweepFolder(tmp_path / "runs/x").report_page.exists()
