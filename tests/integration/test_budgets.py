"""Budgets in real sweeps, from the command line: what the study, MLflow, the report and the messages hold."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from support.common import Command, Start, read_runs, read_study, wait_for_epochs
from support.json_check import check_json
from support.processes import end

from tuner.search.study_reader import read_records

SMALL = ("--limit", "200", "--cpus", "1", "--concurrency", "2", "--set", "width=0.25", "--name", "x")


def epochs(folder: Path) -> int:
    return sum(len(record.metrics) for record in read_records(folder / "runs/x/study.log"))


def ended_by(folder: Path) -> str:
    """As the tag of the sweep's run in MLflow says it; the study says the same."""
    runs = read_runs(f"sqlite:///{folder}/runs/mlflow.db", "digits-cnn")
    [parent] = [run for run in runs if "tuner.trial" not in run.data.tags]
    told = str(parent.data.tags["tuner.ended_by"])
    assert read_study(folder / "runs/x").user_attrs["ended_by"] == told
    assert json.loads((folder / "runs/x/result.json").read_text())["ended_by"] == told
    return told


@pytest.mark.proof
def test_an_epoch_budget_outlives_a_kill(tuner: Command, start: Start, tmp_path: Path) -> None:
    process = start("sweep", "digits", "cnn", *SMALL, "--max-epochs", "4", "--epoch-budget", "12", folder=tmp_path)
    wait_for_epochs(tmp_path, 5, process)
    end(process, signal.SIGKILL)
    resumed = tuner("resume", "x", folder=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "; ends at 12 epochs in all\n" in resumed.stderr
    assert " of the epoch budget of 12 epochs are left\n" in resumed.stderr
    assert "ended by  the epoch budget, 12 epochs in all; to go on: tuner resume x --" in resumed.stdout
    assert (epochs(tmp_path), ended_by(tmp_path)) == (12, "epoch_budget")
    page = (tmp_path / "runs/x/report/report.html").read_text()
    assert "12 epochs; ended by the epoch budget, 12 epochs in all" in page
    status = json.loads(tuner("status", "x", "--json", folder=tmp_path).stdout)
    assert (status["ended_by"], status["budgets"]["epoch_budget"]["left"]) == ("epoch_budget", 0)
    again = tuner("resume", "x", folder=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "what ended its search was the epoch budget, 12 epochs in all; " in again.stderr
    assert "; to go on: tuner resume x --epoch-budget 24\n" in again.stderr


@pytest.mark.proof
def test_an_epoch_budget_is_raised(tuner: Command, tmp_path: Path) -> None:
    done = tuner("sweep", "digits", "cnn", *SMALL, "--max-epochs", "4", "--epoch-budget", "12", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    more = tuner("resume", "x", "--epoch-budget", "16", folder=tmp_path)
    assert more.returncode == 0, more.stderr
    assert (epochs(tmp_path), ended_by(tmp_path)) == (16, "epoch_budget")


@pytest.mark.proof
def test_a_target_that_is_reached_ends_the_search(tuner: Command, tmp_path: Path) -> None:
    options = ("--max-epochs", "9", "--target-score", "0.05", "--patience", "9", "--scheduler", "none", "--json")
    done = tuner("sweep", "digits", "cnn", *SMALL, *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = check_json("sweep DATASET MODEL", done.stdout)
    assert result["best"]["val_accuracy"] >= 0.05
    assert result["trials"] == {"pruned": len(read_study(tmp_path / "runs/x").trials)}
    assert epochs(tmp_path) < 9, "the running ones end after their epoch"
    assert ended_by(tmp_path) == "target_score"
