"""Sweeps that are ended by Ctrl-C or kill -9, and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import optuna
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from support import Command, Start, read_runs, read_study

ARGUMENTS = ("sweep", "digits", "cnn", "--trials", "5", "--max-epochs", "9", "--name", "x", "--set", "width=0.5")


def trials(folder: Path) -> list[optuna.trial.FrozenTrial]:
    return read_study(folder / "runs/x").trials


def epochs(folder: Path) -> dict[int, dict[int, float]]:
    return {trial.number: dict(trial.intermediate_values) for trial in trials(folder)}


def wait_for_epochs(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Until the study knows so many epochs, or the process has ended."""
    journal = folder / "runs/x/study.log"
    while process.poll() is None:
        if journal.exists() and journal.read_text().count('"epoch ') >= count:
            return
        time.sleep(0.05)


def runs(folder: Path) -> list[Run]:
    return read_runs(f"sqlite:///{folder}/runs/mlflow.db", "digits-cnn")


def check_finished(folder: Path, before: dict[int, dict[int, float]], done: subprocess.CompletedProcess[str]) -> None:
    """Exactly the trials asked for, no epoch lost or changed, one run a trial, none left RUNNING."""
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"] is True
    after = epochs(folder)
    assert sorted(after) == [0, 1, 2, 3, 4]
    assert all(values.items() <= after[number].items() for number, values in before.items())
    assert {trial.state.name for trial in trials(folder)} <= {"COMPLETE", "PRUNED"}
    found = runs(folder)
    assert sorted(run.data.tags.get("tuner.trial", "parent") for run in found) == [*"01234", "parent"]
    assert {run.info.status for run in found} <= {"FINISHED", "KILLED"}
    client = MlflowClient(f"sqlite:///{folder}/runs/mlflow.db")
    for run in found:
        if "tuner.trial" in run.data.tags:
            history = client.get_metric_history(run.info.run_id, "val_accuracy")
            assert {p.step: p.value for p in history} == after[int(run.data.tags["tuner.trial"])]
            assert len(history) == len(after[int(run.data.tags["tuner.trial"])])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_is_stopped_goes_on_from_its_last_epoch(
    tuner: Command, start: Start, tmp_path: Path, sent: signal.Signals
) -> None:
    arguments = ("train", "digits", "cnn", "--epochs", "8", "--set", "width=1.0", "--cpus", "1", "--name", "x")
    process = start(*arguments, "--json", folder=tmp_path)
    wait_for_epochs(tmp_path, 2, process)
    process.send_signal(sent)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert json.loads(out)["finished"] is False
    assert {run.info.status for run in runs(tmp_path)} == {"KILLED"}
    before = epochs(tmp_path)[0]
    assert 2 <= len(before) < 8
    done = tuner("resume", "x", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    after = epochs(tmp_path)[0]
    assert sorted(after) == list(range(1, 9))
    assert before.items() <= after.items()
    assert {run.info.status for run in runs(tmp_path)} == {"FINISHED"}


def test_ctrl_c_saves_the_trials_and_resume_ends_the_sweep(tuner: Command, start: Start, tmp_path: Path) -> None:
    process = start(*ARGUMENTS, folder=tmp_path)
    wait_for_epochs(tmp_path, 4, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "tuner resume x" in out
    assert "Traceback" not in err
    assert "RUNNING" not in {run.info.status for run in runs(tmp_path)}
    before = epochs(tmp_path)
    open_trials = [trial.number for trial in trials(tmp_path) if trial.state.name == "RUNNING"]
    assert open_trials
    for number in open_trials:
        if before[number]:
            assert (tmp_path / f"runs/x/trials/{number:04d}/checkpoint.pt").exists()
    check_finished(tmp_path, before, tuner("resume", "x", "--json", folder=tmp_path))
    again = tuner("resume", "x", folder=tmp_path)
    assert again.returncode == 2
    assert "is finished" in again.stderr


@pytest.mark.parametrize("at", [1, 7])
def test_a_killed_driver_loses_nothing(tuner: Command, start: Start, tmp_path: Path, at: int) -> None:
    process = start(*ARGUMENTS, folder=tmp_path)
    wait_for_epochs(tmp_path, at, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    check_finished(tmp_path, epochs(tmp_path), tuner("resume", "x", "--json", folder=tmp_path))


def test_a_sweep_that_runs_is_not_run_a_second_time(tuner: Command, start: Start, tmp_path: Path) -> None:
    process = start(*ARGUMENTS, folder=tmp_path)
    while not (tmp_path / "runs/x/study.log").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    second = tuner("resume", "x", folder=tmp_path)
    taken = tuner(*ARGUMENTS, folder=tmp_path)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    assert (second.returncode, second.stderr.strip()) == (2, "error: the sweep x is running in another process")
    assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
    assert "is taken" in taken.stderr
