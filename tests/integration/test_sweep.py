"""One real sweep, from the command line to the registered model: what it prints, keeps and tracks."""

from __future__ import annotations

import json
import subprocess
import sys

import optuna
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from support.common import Finished, read_runs, read_study

from tuner.core.result_file import read_result
from tuner.search.schedulers.asha import rungs
from tuner.training.checkpoint import read_checkpoint


@pytest.fixture(scope="module")
def runs(finished: Finished) -> dict[str, Run]:
    return {run.info.run_name: run for run in read_runs(finished.uri, "digits-cnn")}


@pytest.fixture(scope="module")
def study(finished: Finished) -> optuna.Study:
    return read_study(finished.sweep)


def trial_runs(runs: dict[str, Run]) -> dict[int, Run]:
    return {int(run.data.tags["tuner.trial"]): run for run in runs.values() if "tuner.trial" in run.data.tags}


def test_the_result_is_good_and_complete(finished: Finished) -> None:
    result = finished.result
    assert result["finished"] is True
    assert sum(result["trials"].values()) == 8
    assert result["test"]["accuracy"] > 0.8
    test = result["test"]
    assert test["samples"] == 359
    for name in ("accuracy", "macro_f1", "roc_auc", "loss"):
        low, high = test[f"{name}_interval"]
        assert low <= test[name] <= high
        assert high - low < 0.2
    assert test["base_accuracy"] == pytest.approx(0.1, abs=0.01)
    assert test["base_class"] in "0123456789"
    assert test["better_than_base"] is True
    assert result["best"]["val_samples"] > 100
    assert 0 <= result["best"]["val_luck"] < 0.05
    cost = result["cost"]
    assert cost["bytes"] == sum(path.stat().st_size for path in (finished.sweep / "model").iterdir())
    assert cost["bytes"] > 4 * cost["parameters"] > 0
    assert cost["flops"] > 2 * cost["parameters"]  # convolutions use a weight many times
    assert result["best"]["parameters"]["lr"] == 0.003
    assert result["model"]["uri"] == "models:/digits-cnn@champion"
    assert read_result(finished.sweep) == result


def test_asha_ends_trials_only_at_rungs_and_as_pruned(study: optuna.Study) -> None:
    states = {trial.state.name for trial in study.trials}
    assert "RUNNING" not in states
    assert "PRUNED" in states
    for trial in study.trials:
        epochs = sorted(trial.intermediate_values)
        if trial.state.name == "PRUNED":
            assert epochs == list(range(1, len(epochs) + 1))
            assert len(epochs) in rungs(9)
        if trial.state.name == "COMPLETE":
            assert epochs == list(range(1, 10))


def test_a_trial_whose_loss_explodes_fails_with_the_reason(study: optuna.Study, runs: dict[str, Run]) -> None:
    failed = [trial.number for trial in study.trials if trial.user_attrs["parameters"]["lr"] == 1e30]
    assert failed, "the seed draws at least one hopeless learning rate"
    for number in failed:
        assert study.trials[number].state.name == "FAIL"
        run = trial_runs(runs)[number]
        assert run.info.status == "FAILED"
        assert "loss is" in run.data.tags["tuner.reason"]


def test_mlflow_has_one_parent_and_a_truthful_run_for_each_trial(runs: dict[str, Run], study: optuna.Study) -> None:
    trials = trial_runs(runs)
    [parent] = [run for run in runs.values() if "tuner.trial" not in run.data.tags]
    assert sorted(trials) == list(range(8))
    assert parent.info.status == "FINISHED"
    statuses = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
    for number, run in trials.items():
        assert run.info.status == statuses[study.trials[number].state.name]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert {"batch_size", "optimizer", "lr", "dropout"} <= set(run.data.params)
        assert run.info.end_time >= run.info.start_time


def test_mlflow_has_one_point_an_epoch(finished: Finished, runs: dict[str, Run], study: optuna.Study) -> None:
    client = MlflowClient(finished.uri, finished.uri)
    for number, run in trial_runs(runs).items():
        for metric in ("train_loss", "val_accuracy", "lr"):
            points = client.get_metric_history(run.info.run_id, metric)
            reported = [key for key in study.trials[number].user_attrs if key.startswith("epoch ")]
            assert [point.step for point in points] == list(range(1, len(reported) + 1))


def test_the_sweeps_run_says_all_that_is_needed_to_repeat_it(finished: Finished, runs: dict[str, Run]) -> None:
    [parent] = [run for run in runs.values() if "tuner.trial" not in run.data.tags]
    assert json.loads(parent.data.tags["tuner.config"])["space"]["params"]["width"] == 0.25
    assert {"python", "torch", "ray", "optuna", "mlflow"} <= set(json.loads(parent.data.tags["tuner.versions"]))
    metrics, test = parent.data.metrics, finished.result["test"]
    assert metrics["test_accuracy"] == test["accuracy"]
    assert [metrics["test_accuracy_low"], metrics["test_accuracy_high"]] == test["accuracy_interval"]
    assert (metrics["test_samples"], metrics["test_base_accuracy"]) == (359, test["base_accuracy"])
    assert parent.data.metrics["model_parameters"] == finished.result["cost"]["parameters"]
    assert parent.data.metrics["model_flops"] == finished.result["cost"]["flops"]
    assert parent.data.metrics["model_bytes"] == finished.result["cost"]["bytes"]
    winner = trial_runs(runs)[finished.result["best"]["trial"]].info.run_id
    epochs = MlflowClient(finished.uri, finished.uri).get_metric_history(winner, "epoch_seconds")
    assert parent.data.metrics["train_seconds"] == pytest.approx(sum(epoch.value for epoch in epochs))
    assert parent.data.params["lr"] == "0.003"


PREDICT = """
import pickle, sys

def refuse(*args, **kwargs):
    raise RuntimeError("something was unpickled")

import mlflow, numpy as np
from sklearn.datasets import load_digits
raw = load_digits()
pickle.load = pickle.loads = pickle.Unpickler = refuse
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/digits-cnn@champion")
images = raw.images[:, None].astype(np.uint8)
predicted = model.predict(images)
assert list(predicted.columns) == [str(n) for n in range(10)], predicted.columns
assert np.allclose(predicted.sum(axis=1), 1, atol=1e-5)
print((predicted.to_numpy().argmax(1) == raw.target).mean())
import tuner
print(tuner.__file__)
"""


def test_the_champion_predicts_raw_images_in_a_process_that_did_not_train_it(finished: Finished) -> None:
    command = [sys.executable, "-c", PREDICT, finished.uri]
    done = subprocess.run(command, cwd=finished.folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    accuracy, package = done.stdout.splitlines()
    assert float(accuracy) > 0.8
    assert str(finished.home) in package  # the code that the model carries, not the one that is installed
    assert "Warning" not in done.stderr


def test_the_folder_holds_the_agreed_files_and_only_the_best_checkpoint(finished: Finished) -> None:
    assert {path.name for path in finished.home.iterdir()} >= {"mlflow.db", "artifacts", finished.sweep.name}
    assert {path.name for path in finished.sweep.iterdir()} == {
        *(
            "sweep.json",
            "study.log",
            "result.json",
            "lock",
            "order.lock",
            "report.lock",
            "driver.json",
            "trials",
            "model",
        ),
        *("predictions.safetensors", "report"),
    }
    best = finished.result["best"]["trial"]
    kept = {f"{number:04d}" for number in (0, best)}  # the default, with which a later winner may be compared
    assert {path.name for path in (finished.sweep / "trials").iterdir()} == kept
    assert sorted(path.name for path in finished.folder.iterdir()) == ["runs"]


def test_progress_is_plain_lines_on_stderr_and_nothing_chatters(finished: Finished) -> None:
    lines = finished.err.splitlines()
    assert lines[0].startswith("digits-cnn-1: 8 trials of cnn on digits")
    assert lines[1].startswith("  trial 0 tries the default: ")
    assert all(line.startswith("8 trials: ") for line in lines[2:]), finished.err  # none that Ray has another shape
    assert "\x1b" not in finished.err


def test_a_finished_sweep_keeps_of_its_checkpoints_what_later_commands_compare(finished: Finished) -> None:
    checkpoints = list((finished.sweep / "trials").rglob("*.pt"))
    assert {path.name for path in checkpoints} == {"checkpoint.pt"}
    assert finished.result["best"]["trial"] in {int(path.parent.name) for path in checkpoints}
    for path in checkpoints:
        state = read_checkpoint(path)
        assert (state["model"], state["optimizer"]) == ({}, {})
        assert (
            sum(weights.numel() for weights in state["best_weights"].values()) >= finished.result["cost"]["parameters"]
        )
        assert path.stat().st_size < 1.2 * finished.result["cost"]["bytes"]
