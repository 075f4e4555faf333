"""Sweeps that are ended by Ctrl-C or kill -9, and go on."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import optuna
import pytest
import torch
from mlflow import MlflowClient
from mlflow.entities import Run
from support import processes
from support.common import BIN, Command, Start, make_config, read_runs, read_study, wait_for_epochs
from support.dataset_files import noise
from support.json_check import check_json
from support.processes import Process, end, wait_until
from torchvision.models import mobilenet_v2

from tuner.search.budgets.meter import NOTE_S
from tuner.search.study_reader import StudyReader
from tuner.sweeps.lock import lock_sweep

ARGUMENTS = ("sweep", "digits", "cnn", "--trials", "5", "--max-epochs", "9", "--set", "width=0.25", "--name", "x")


def trials(folder: Path) -> list[optuna.trial.FrozenTrial]:
    return read_study(folder / "runs/x").trials


def epochs(folder: Path) -> dict[int, dict[int, float]]:
    return {trial.number: dict(trial.intermediate_values) for trial in trials(folder)}


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
    store = f"sqlite:///{folder}/runs/mlflow.db"
    client = MlflowClient(store, store)
    for run in found:
        if "tuner.trial" in run.data.tags:
            history = client.get_metric_history(run.info.run_id, "val_accuracy")
            assert {p.step: p.value for p in history} == after[int(run.data.tags["tuner.trial"])]
            assert len(history) == len(after[int(run.data.tags["tuner.trial"])])


@pytest.mark.parametrize("sent", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.proof)])
def test_a_training_that_is_stopped_goes_on_from_its_last_epoch(
    tuner: Command, start: Start, tmp_path: Path, sent: signal.Signals
) -> None:
    arguments = ("train", "digits", "cnn", "--epochs", "8", "--set", "width=1.0", "--cpus", "1", "--name", "x")
    process = start(*arguments, "--json", folder=tmp_path)
    wait_for_epochs(tmp_path, 3, process)  # the last may be told in part
    process.send_signal(sent)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + sent, err
    assert f"stopped ({sent.name}); to continue: tuner resume x" in err
    assert check_json("sweep DATASET MODEL", out)["finished"] is False
    assert {run.info.status for run in runs(tmp_path)} == {"KILLED"}
    before = epochs(tmp_path)[0]
    assert 2 <= len(before) < 8
    done = tuner("resume", "x", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    after = epochs(tmp_path)[0]
    assert sorted(after) == list(range(1, 9))
    assert before.items() <= after.items()
    assert {run.info.status for run in runs(tmp_path)} == {"FINISHED"}


@pytest.mark.proof
def test_a_training_in_the_background_of_a_script_ends_on_sigterm_all_the_same(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """A shell that is not interactive starts such a process with SIGINT ignored."""
    words = [str(BIN / "tuner"), "train", "digits", "cnn", "--epochs", "2000", "--cpus", "1", "--name", "x"]
    script = f"{shlex.join(words)} & echo $!; wait"
    process = processes.start(["/bin/sh", "-c", script], folder=tmp_path, environment=environment)
    assert process.stdout is not None
    number = int(process.stdout.readline())
    try:
        wait_for_epochs(tmp_path, 2, process)
        os.kill(number, signal.SIGTERM)
        process.communicate(timeout=120)
    finally:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    assert {run.info.status for run in runs(tmp_path)} == {"KILLED"}


def stop_after(count: int, process: Process, folder: Path) -> None:
    """Ctrl-C when the study knows so many epochs."""
    wait_for_epochs(folder, count, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err


@pytest.mark.proof
def test_a_training_on_a_changed_table_is_not_gone_on_with(tuner: Command, start: Start, tmp_path: Path) -> None:
    rows = [f"{60 - n},{n % 7},{'yes' if n % 3 else 'no'}" for n in range(60)]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["a,b,c", *rows]))
    arguments = ("train", "csv:t.csv", "lstm", "--target", "c", "--epochs", "150", "--cpus", "1", "--name", "x")
    stop_after(3, start(*arguments, folder=tmp_path), tmp_path)
    table.write_text("\n".join(["a,b,c", *rows[1:], "7,7,no"]))
    changed = tuner("resume", "x", folder=tmp_path)
    assert (changed.returncode, changed.stderr.count("\n")) == (2, 1)
    assert "the data of x is not what it started with" in changed.stderr
    table.write_text("\n".join(["a,b,c", *rows]))
    done = tuner("resume", "x", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    # it may be no better than its base
    assert json.loads(done.stdout)["model"]["uri"] in {"models:/csv_t_c-lstm@champion", "models:/csv_t_c-lstm/1"}
    assert sorted(epochs(tmp_path)[0]) == list(range(1, 151))


@pytest.mark.proof
def test_a_training_from_a_file_of_weights_goes_on_with_them(tuner: Command, start: Start, tmp_path: Path) -> None:
    for number in range(40):
        noise(tmp_path / "photos" / "ab"[number % 2] / f"{number:02}.png", number, (32, 32))
    torch.save(mobilenet_v2().state_dict(), tmp_path / "w.pth")
    arguments = ("train", "folder:photos", "mobilenet_v2", "--weights", "w.pth", "--set", "batch_size=8")
    process = start(*arguments, "--epochs", "16", "--cpus", "1", "--name", "x", folder=tmp_path)
    stop_after(2, process, tmp_path)
    (tmp_path / "w.pth").rename(tmp_path / "elsewhere.pth")
    away = tuner("resume", "x", folder=tmp_path)
    assert (away.returncode, away.stderr.count("\n")) == (2, 1)
    assert "w.pth: there is no such file" in away.stderr
    torch.save({name: value + 1 for name, value in mobilenet_v2().state_dict().items()}, tmp_path / "w.pth")
    changed = tuner("resume", "x", folder=tmp_path)
    assert (changed.returncode, changed.stderr.count("\n")) == (2, 1)
    assert "x started with other weights than these" in changed.stderr
    (tmp_path / "elsewhere.pth").rename(tmp_path / "w.pth")
    before = epochs(tmp_path)[0]
    done = tuner("resume", "x", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    after = epochs(tmp_path)[0]
    assert sorted(after) == list(range(1, 17))
    assert before.items() <= after.items()


def test_a_sweep_that_runs_is_run_by_no_other_and_its_name_is_taken(tuner: Command, home: Path, tmp_path: Path) -> None:
    make_config(name="x").save(home / "x")
    with lock_sweep(home / "x"):
        second, taken = (tuner(*arguments, folder=tmp_path) for arguments in (("resume", "x"), ARGUMENTS))
    assert second.stderr == "error: the sweep x is running in another process\n"
    assert (second.returncode, taken.returncode, taken.stderr.count("\n")) == (2, 2, 1)
    assert "is taken" in taken.stderr


def test_ctrl_c_and_then_a_kill_of_the_driver_lose_nothing(tuner: Command, start: Start, tmp_path: Path) -> None:
    process = start(*ARGUMENTS, folder=tmp_path)
    wait_for_epochs(tmp_path, 1, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "tuner resume x" in out  # the summary, also where Ray was too slow to end
    assert "Traceback" not in err
    assert "RUNNING" not in {run.info.status for run in runs(tmp_path)}
    stopped = epochs(tmp_path)
    open_trials = [trial.number for trial in trials(tmp_path) if trial.state.name == "RUNNING"]
    assert open_trials
    for number in open_trials:
        if stopped[number]:
            assert (tmp_path / f"runs/x/trials/{number:04d}/checkpoint.pt").exists()
    process = start("resume", "x", folder=tmp_path)
    wait_for_epochs(tmp_path, sum(map(len, stopped.values())) + 5, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    killed = epochs(tmp_path)
    assert all(values.items() <= killed[number].items() for number, values in stopped.items())
    check_finished(tmp_path, killed, tuner("resume", "x", "--json", folder=tmp_path))
    again = tuner("resume", "x", folder=tmp_path)
    assert again.returncode == 2
    assert "is finished" in again.stderr


@pytest.mark.proof
def test_a_sweep_that_was_killed_does_not_begin_its_time_again(tuner: Command, start: Start, tmp_path: Path) -> None:
    arguments = ("sweep", "digits", "cnn", "--trials", "1", "--max-epochs", "100000", "--cpus-per-trial", "1")
    process = start(*arguments, "--time-budget", "60s", "--name", "x", folder=tmp_path)
    wait_for_epochs(tmp_path, 1, process)
    wait_until(lambda: sum(StudyReader(tmp_path / "runs/x/study.log").spent()) >= NOTE_S, process)
    end(process, signal.SIGKILL)
    done = tuner("resume", "x", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    [left] = re.findall(r"(\d+) s of the time budget of 60 s are left", done.stderr)
    assert 0 < int(left) <= 60 - NOTE_S
    [trial] = read_study(tmp_path / "runs/x").trials
    assert trial.user_attrs["reason"].startswith("the time budget ran out in epoch")
