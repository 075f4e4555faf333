"""Objectives and constraints in real sweeps, from the command line: the study, the end, MLflow and the report."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from optuna.study import StudyDirection
from support.common import Command, Start, Typed, check_refused, read_runs, read_study, wait_for_epochs
from support.json_check import check_json

SMALL = ("--epochs", "3", "--limit", "300", "--cpus", "1", "--concurrency", "2", "--set", "lr=0.001..0.01", "--json")
WIDTHS = ("--set", "width=0.125,0.25,0.5", "--set", "optimizer=adam")
TWO = ("--objective", "val_accuracy:max", "--objective", "parameters:min", "--constraint", "parameters<=200000")


def runs(folder: Path, name: str = "x") -> tuple[dict[str, Any], dict[int, Any]]:
    """Tags and metrics of the sweep's run, and the runs of its trials by their number."""
    found = read_runs(f"sqlite:///{folder}/runs/mlflow.db", "digits-cnn")
    mine = [run for run in found if run.data.tags["tuner.sweep"] == name]
    [parent] = [run for run in mine if "tuner.trial" not in run.data.tags]
    trials = {int(run.data.tags["tuner.trial"]): run for run in mine if "tuner.trial" in run.data.tags}
    return {**parent.data.tags, **parent.data.metrics}, trials


@pytest.mark.proof
def test_a_sweep_by_the_lowest_loss_that_measures_a_latency(tuner: Command, tmp_path: Path) -> None:
    arguments = ("--trials", "4", "--objective", "val_loss", "--constraint", "latency_ms<=10000", "--name", "x")
    done = tuner("sweep", "digits", "cnn", *SMALL, *WIDTHS, *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "objective val_loss:min" in done.stderr
    study, best = read_study(tmp_path / "runs/x"), check_json("sweep DATASET MODEL", done.stdout)["best"]
    assert study.direction is StudyDirection.MINIMIZE
    assert study.best_trial.number == best["trial"]
    assert study.best_value == best["val_loss"] == best["scores"]["val_loss"]
    for trial in study.trials:
        losses = {epoch: trial.user_attrs[f"epoch {epoch}"]["val_loss"] for epoch in trial.intermediate_values}
        assert losses == trial.intermediate_values
        kept = trial.user_attrs[f"epoch {max(losses)}"]["kept"]
        assert losses[kept] == min(losses.values())
        assert 0 <= trial.user_attrs["epoch 1"]["val_macro_f1"] <= 1
        measured = trial.user_attrs["measured"]
        assert set(measured) == {"latency_ms", "on"}
        assert 0 < measured["latency_ms"] <= 10000
        assert measured["on"].endswith(", 1 thread")
    parent, _ = runs(tmp_path)
    assert (parent["tuner.objective"], parent["best_val_loss"]) == ("val_loss:min", best["val_loss"])
    told = tuner("best", "x", folder=tmp_path)
    assert f"val_loss  {best['val_loss']:.4f}" in told.stdout
    assert "val_accuracy  " in told.stdout


def check_front(folder: Path, result: dict[str, Any]) -> None:
    """Study, result, MLflow and report agree."""
    study = read_study(folder / "runs/x")
    assert study.directions == [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]
    assert study.metric_names == ["val_accuracy", "parameters"]
    front = result["front"]
    assert set(front) == {trial.number for trial in study.best_trials}
    assert result["best"]["trial"] == front[0]
    values = [study.trials[number].values for number in front]
    assert [each[0] for each in values] == sorted((each[0] for each in values), reverse=True)
    parent, trials = runs(folder)
    assert parent["tuner.front"] == ", ".join(map(str, front))
    assert [n for n, run in sorted(trials.items()) if run.data.tags.get("tuner.front") == "true"] == sorted(front)
    for trial in study.trials:
        measured = trial.user_attrs["measured"]
        assert trials[trial.number].data.metrics["parameters"] == measured["parameters"]
        assert trials[trial.number].data.tags["tuner.measured_on"] == measured["on"]
        too_large = measured["parameters"] > 200_000
        assert too_large == (not trial.intermediate_values)
        if too_large:
            assert trial.state.name == "PRUNED"
            assert trial.user_attrs["reason"] == f"parameters {measured['parameters']:,} (must be at most 200,000)"
    assert (folder / "runs/x/report/front.png").exists()
    assert "Pareto front" in (folder / "runs/x/report/report.html").read_text(encoding="utf-8")


@pytest.mark.proof
@pytest.mark.parametrize("scheduler", ["asha", "hyperband"])
def test_two_objectives_and_a_constraint_through_a_kill(
    tuner: Command, start: Start, tmp_path: Path, scheduler: str
) -> None:
    arguments = ("sweep", "digits", "cnn", *SMALL, *WIDTHS, *TWO, "--trials", "10", "--name", "x")
    process = start(*arguments, "--scheduler", scheduler, folder=tmp_path)
    wait_for_epochs(tmp_path, 5, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=120)
    before = {trial.number: trial for trial in read_study(tmp_path / "runs/x").trials}
    done = tuner("resume", "x", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    after = read_study(tmp_path / "runs/x").trials
    assert len(after) == 10
    for number, trial in before.items():
        assert trial.intermediate_values.items() <= after[number].intermediate_values.items()
        assert trial.user_attrs.get("measured", {}).items() <= after[number].user_attrs["measured"].items()
        assert trial.params.items() <= after[number].params.items()
    check_front(tmp_path, check_json("resume NAME", done.stdout))
    if scheduler == "hyperband":  # in the proof, it also grows
        grown = tuner("resume", "x", "--trials", "13", "--json", folder=tmp_path)
        assert grown.returncode == 0, grown.stderr
        check_front(tmp_path, check_json("resume NAME", grown.stdout))


@pytest.mark.proof
def test_where_no_trial_is_small_enough_nothing_is_registered(tuner: Command, tmp_path: Path) -> None:
    options = ("--trials", "3", "--constraint", "parameters<=10", "--name", "x")
    done = tuner("sweep", "digits", "cnn", *SMALL, *WIDTHS, *options, folder=tmp_path)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: no trial fulfills parameters<=10; the nearest is trial ")
    assert "nothing is tested or registered, and all trials are kept" in last
    assert "tuner resume x --trials 6" in last
    assert not (tmp_path / "runs/x/result.json").exists()
    assert {trial.state.name for trial in read_study(tmp_path / "runs/x").trials} == {"PRUNED"}
    parent, trials = runs(tmp_path)
    assert "tuner.best_trial" not in parent
    assert {run.info.status for run in trials.values()} == {"KILLED"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--objective", "accuracy"), ["unknown --objective metric 'accuracy'", "val_accuracy"]),
        (("--objective", "val_loss:less"), ["unknown direction of --objective val_loss 'less'", "max, min"]),
        (("--constraint", "parameters=3"), ["--constraint 'parameters=3'", "parameters<=300000"]),
        (("--objective", "val_loss", "--objective", "parameters", "--sampler", "cmaes"), ["--sampler cmaes", "one"]),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(
    typed: Typed, home: Path, options: tuple[str, ...], words: list[str]
) -> None:
    check_refused(typed("sweep", "digits", "cnn", *options), words, home)
