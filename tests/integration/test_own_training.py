"""Sweeps of a user's own training code with Ray: a function that is killed and resumed, a program, a pipeline."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.common import Command, Start
from support.json_check import check_json
from support.processes import end, wait_until
from support.ray_cluster import ray_cluster

from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.search.study_reader import read_records

SLOW = """
import time
from helper import loss_of

def train(trial):
    total = trial.load() or 0.0
    for epoch in range(trial.epoch, trial.epochs):
        time.sleep(trial.params["seconds"])
        total += trial.params["lr"]
        print("epoch", epoch)
        trial.report(loss=loss_of(total), total=total)
        trial.save(total)
"""
SET = ("--set", "lr=0.01..1", "--max-epochs", "9", "--objective", "loss:min", "--json")


def records_of(folder: Path, name: str) -> list[TrialRecord]:
    journal = SweepFolder(folder / "runs" / name).journal
    return read_records(journal) if journal.exists() else []


QUICK = """
import os

def train(trial):
    trial.report(score=trial.params["x"], process=os.getpid())
"""


def test_no_worker_is_ended_while_it_starts_though_others_end_their_trials(tuner: Command, tmp_path: Path) -> None:
    (tmp_path / "quick.py").write_text(QUICK)
    words = (
        "--trials",
        "30",
        "--epochs",
        "1",
        "--set",
        "x=0.0..1.0",
        "--objective",
        "score:max",
        "--sampler",
        "random",
    )
    done = tuner("sweep", "quick.py", *words, "--concurrency", "2", "--cpus-per-trial", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    processes = [record.metrics[1]["process"] for record in records_of(tmp_path, "quick-1")]
    assert len(set(processes)) == 2  # the second worker may start late, and its first trial still waits for it
    assert processes[0] != processes[1]


@pytest.mark.proof
def test_a_function_survives_a_kill_and_goes_on_from_what_it_has_saved(
    start: Start, tuner: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(SLOW)
    (tmp_path / "helper.py").write_text("def loss_of(total):\n    return (total - 1) ** 2\n")
    words = ("sweep", "mine.py", "--trials", "4", "--set", "seconds=0.4", *SET)
    process = start(*words, folder=tmp_path)
    assert wait_until(lambda: sum(len(each.values) for each in records_of(tmp_path, "mine-1")) >= 5, process)
    end(process, signal.SIGKILL)
    before = records_of(tmp_path, "mine-1")
    for name in ("mine.py", "helper.py"):
        (tmp_path / name).unlink()  # the sweep has its copy
    done = tuner("resume", "mine-1", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mine.py, helper.py no longer there" in done.stderr or "helper.py, mine.py no longer there" in done.stderr
    result = check_json("resume NAME", done.stdout)
    after = records_of(tmp_path, "mine-1")
    for old, new in zip(before, after, strict=False):
        assert {epoch: new.metrics[epoch]["total"] for epoch in old.metrics} == {
            epoch: values["total"] for epoch, values in old.metrics.items()
        }
    for record in after:  # no epoch was trained from a wrong state
        for epoch, values in record.metrics.items():
            assert abs(values["total"] - epoch * float(record.parameters["lr"])) < 1e-9
    assert result["best"]["saved"]
    assert result["best"]["model"]["champion"]
    assert (SweepFolder(Path(result["folder"])).report_page).exists()


def test_a_program_is_tuned_and_its_faults_are_told(tuner: Command, tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(
        "import json, os, sys\n"
        "lr, kind = float(sys.argv[1]), sys.argv[2]\n"
        "if kind == 'bad':\n    sys.exit('no such kind')\n"
        "for epoch in range(int(os.environ['TUNER_EPOCHS'])):\n"
        "    print(json.dumps({'loss': (lr * (epoch + 1) - 1) ** 2}))\n"
    )
    done = tuner(
        *("sweep", "--script", f"{sys.executable} prog.py {{lr}} {{kind}}", "--trials", "6", "--sampler", "grid"),
        *(
            "--set",
            "lr=0.1,0.3,0.5",
            "--set",
            "kind=good,bad",
            "--max-epochs",
            "9",
            "--objective",
            "loss:min",
            "--json",
        ),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert 'begins anew, unless its program says "saved": true' in done.stderr
    result = check_json("sweep DATASET MODEL", done.stdout)
    assert result["trials"]["failed"] == 3
    reasons = {each.reason for each in records_of(tmp_path, "prog-1") if each.state == "FAIL"}
    assert reasons == {"the program ended with exit status 1: no such kind"}
    assert result["best"]["parameters"] == {"lr": 0.5, "kind": "good"}
    assert result["best"]["scores"]["loss"] == 0.0


PIPELINE = """
import ray
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split
from tuner import Sweep, Trial, TunerError, sweep

ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)  # the user's own, which stays
inputs, targets = load_breast_cancer(return_X_y=True)
x, x_val, y, y_val = train_test_split(inputs, targets, random_state=0)

def boost(trial: Trial) -> None:
    model = HistGradientBoostingClassifier(max_iter=5, **trial.params)
    model.fit(x, y)
    trial.report(accuracy=model.score(x_val, y_val))
    trial.save(model)

space = {"learning_rate": {"low": 0.01, "high": 1.0, "log": True}}
result = sweep(boost, space=space, objective="accuracy:max", trials=3, max_epochs=1, progress=False)
assert ray.is_initialized() and ray.get(ray.remote(lambda: 5).remote()) == 5
print(result.finished, result.name, float(result.best.scores["accuracy"]) > 0.8)
print(result.saved.score(x_val, y_val) == float(result.best.scores["accuracy"]))
print(list(result.trials.columns))
try:
    result.model
except TunerError as error:
    print(error)
try:
    sweep(boost, space=space, trials=3)
except TunerError as error:
    print(error)
"""


@pytest.mark.proof
def test_a_function_of_a_script_is_tuned_beside_a_ray_of_the_users_own(
    tmp_path: Path, environment: dict[str, Any]
) -> None:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    command = [sys.executable, "pipeline.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "True boost-1 True",
        "True",
        "['state', 'epoch', 'kept_epoch', 'epoch_seconds', 'accuracy', 'params_learning_rate', 'seconds', 'seed', "
        "'reason']",
        "boost-1 is a sweep of your own code, which alone knows how to predict: what it has saved is in "
        f"{tmp_path}/runs/boost-1/model",
        "--objective: say by which metric trials are compared, such as --objective val_loss:min",
    ]


@pytest.mark.proof
def test_a_function_goes_to_a_cluster_with_what_it_imports(tuner: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SLOW)
    (tmp_path / "helper.py").write_text("def loss_of(total):\n    return (total - 1) ** 2\n")
    with ray_cluster(cpus=2) as cluster:
        words = ("sweep", "mine.py", "--trials", "3", "--set", "seconds=0.01", *SET)
        done = tuner(*words, "--address", cluster.address, "--attach", folder=tmp_path, **cluster.client)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result["sweep"] == "mine-1"
        assert result["best"]["saved"]
        assert (cluster.nodes[0].folder / "tuner-runs" / "mine-1" / "model" / "state.pkl").exists()
