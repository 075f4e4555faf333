"""A sweep of two models, that is killed and goes on in the proof, and whose winner predicts under its own name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient
from PIL import Image
from support.common import Command, Start, read_runs, read_study, wait_for_epochs
from support.json_check import check_json

ARGUMENTS = ("sweep", "digits", "cnn,lenet", "--trials", "4", "--max-epochs", "3", "--set", "cnn.width=0.25")


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=pytest.mark.proof)])
def test_a_sweep_of_two_models_goes_on_after_a_kill_and_the_winner_has_its_own_pair(
    tuner: Command, start: Start, tmp_path: Path, *, killed: bool
) -> None:
    before: dict[int, dict[int, float]] = {}
    if killed:
        process = start(*ARGUMENTS, "--name", "x", folder=tmp_path)
        wait_for_epochs(tmp_path, 3, process)
        process.kill()
        process.wait()
        before = {each.number: dict(each.intermediate_values) for each in read_study(tmp_path / "runs/x").trials}
    again = ("resume", "x") if killed else (*ARGUMENTS, "--name", "x")
    done = tuner(*again, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = check_json("sweep DATASET MODEL", done.stdout)
    trials = read_study(tmp_path / "runs/x").trials
    models = [each.user_attrs["parameters"]["model"] for each in trials]
    assert models[:2] == ["cnn", "lenet"]
    assert all(values.items() <= trials[number].intermediate_values.items() for number, values in before.items())
    assert [max(trials[number].intermediate_values) for number in (0, 1)] == [3, 3], "each default is trained in full"
    winner = result["best"]["parameters"]["model"]
    assert result["model"]["uri"] == f"models:/digits-{winner}@champion"
    assert [each["model"] for each in result["models"]] == [({"cnn", "lenet"} - {winner}).pop()]
    assert result["models"][0]["difference"]["samples"] == 359
    store = f"sqlite:///{tmp_path}/runs/mlflow.db"
    runs = read_runs(store, "digits-cnn-lenet")
    assert {run.data.params["model"] for run in runs if "tuner.trial" in run.data.tags} == {"cnn", "lenet"}
    assert [each.name for each in MlflowClient(store, store).search_registered_models()] == [f"digits-{winner}"]
    Image.new("L", (8, 8)).save(tmp_path / "digit.png")
    predicted = tuner("predict", "digits", "digit.png", "--json", folder=tmp_path)
    assert predicted.returncode == 0, predicted.stderr
    assert f"digits means digits-{winner} here, its only model" in predicted.stderr
    shown = tuner("compare", "--json", folder=tmp_path)
    [pair] = json.loads(shown.stdout)["pairs"]
    assert (pair["pair"], pair["model"], pair["sweep"], pair["trials"]) == (f"digits-{winner}", winner, "x", 4)
    assert "What each model got and gave" in (tmp_path / "runs/x/report/report.html").read_text()
