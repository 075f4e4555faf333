"""Start points in real sweeps: from a space, a file and an earlier sweep, through a kill; and `tuner best`."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from support.common import Command, Start, read_runs, read_study, wait_for_epochs
from support.json_check import check_json
from support.processes import end

SPACE = """
epochs = 3
[params]
batch_size = { choices = [32, 64] }
optimizer = { choices = ["sgd", "adam"] }
lr = [
  { when = { optimizer = "sgd" }, low = 0.02, high = 0.5, log = true },
  { when = { optimizer = "adam" }, low = 1e-3, high = 1e-2, log = true },
]
width = 0.5

[[start]]
optimizer = "adam"
lr = 3e-3
"""
OPTIONS = ("--limit", "200", "--concurrency", "1", "--json")
FIRST = {"batch_size": 64, "optimizer": "adam", "lr": 3e-3, "width": 0.5}
SECOND = {"batch_size": 32, "optimizer": "sgd", "lr": 0.1, "width": 0.5}


@pytest.mark.proof
def test_they_are_tried_first_also_after_a_kill_and_the_best_begins_the_next_sweep(
    start: Start, tuner: Command, tmp_path: Path
) -> None:
    (tmp_path / "space.toml").write_text(SPACE)
    (tmp_path / "points.csv").write_text("batch_size,optimizer,lr\n32,sgd,0.1\n")
    points = ("--space", "space.toml", "--enqueue", "points.csv")
    process = start("sweep", "digits", "cnn", "--name", "x", "--trials", "3", *points, *OPTIONS, folder=tmp_path)
    wait_for_epochs(tmp_path, 1, process)
    end(process, signal.SIGKILL)
    (tmp_path / "points.csv").unlink()  # the sweep has its points
    resumed = tuner("resume", "x", "--json", folder=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "trial 1 tries batch_size=32 optimizer=sgd lr=0.1 width=0.5" in resumed.stderr
    first, second, third = read_study(tmp_path / "runs/x").trials
    assert (first.user_attrs["parameters"], second.user_attrs["parameters"]) == (FIRST, SECOND)
    assert third.user_attrs["parameters"] not in (FIRST, SECOND)
    assert second.params == {"batch_size": 32, "optimizer": "sgd", "lr (sgd)": 0.1}

    shown = tuner("best", "x", folder=tmp_path)
    result = check_json("resume NAME", resumed.stdout)
    best, default = result["best"], result["default"]
    assert (first.state.name, len(first.intermediate_values)) == ("COMPLETE", 3), "the default is never stopped early"
    assert default["registered"] == (best["trial"] == 0)
    if default["best"]:
        assert default["difference"]["samples"] == 359
        assert default["difference"]["interval"][0] <= default["difference"]["accuracy"]
    run = next(
        run
        for run in read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")
        if "tuner.trial" not in run.data.tags
    )
    assert run.data.metrics["default_registered"] == float(default["registered"])
    assert run.data.metrics["val_excess"] == best["val_excess"]["accuracy"]
    assert "default configuration (trial 0)" in (tmp_path / "runs/x/report/report.html").read_text()
    assert shown.stdout.startswith(f"x: the winner is trial {best['trial']}, epoch {best['epoch']} of 3\n")
    assert "; 359 samples" in shown.stdout
    (tmp_path / "next.toml").write_text(tuner("best", "x", "--toml", folder=tmp_path).stdout)
    sweep = ("sweep", "digits", "cnn", "--name", "y", "--trials", "1", "--space", "next.toml", "--warm-start", "x")
    again = tuner(*sweep, *OPTIONS, folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert f"--warm-start x: trial {best['trial']}, its best, is the default configuration already" in again.stderr
    assert json.loads(again.stdout)["best"]["parameters"] == best["parameters"]
