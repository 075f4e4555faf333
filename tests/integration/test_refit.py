"""A winner that is trained again on training and validation samples together, in a sweep that is killed meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support.common import Command, Start, read_runs
from support.json_check import check_json
from support.killed_confirmation import kill_and_resume

from tuner.core.refit import RefitPlan
from tuner.core.sweep_folder import checkpoint_folder
from tuner.search.study_reader import read_records
from tuner.training.checkpoint import CHECKPOINT_FILE, read_checkpoint

SIZE = ("--trials", "2", "--max-epochs", "4", "--concurrency", "1")
OPTIONS = (*SIZE, "--set", "lr=0.02..0.1", "--set", "optimizer=sgd", "--refit")


@pytest.mark.proof
def test_the_model_has_seen_all_samples_but_those_of_the_test_set_and_a_kill_loses_nothing(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    again = kill_and_resume(start, tuner, tmp_path, *OPTIONS, part="refit", epochs=1)
    folder, result, [training] = again.folder, again.result, again.after
    searched = read_records(folder.journal)
    winner = searched[result["best"]["trial"]]
    plan = RefitPlan.load(folder)
    assert plan
    assert (plan.trial, plan.epochs) == (winner.number, winner.best_epoch)
    assert (training.state, training.epoch, training.seed) == ("COMPLETE", winner.best_epoch, winner.seed)
    assert training.parameters == winner.parameters
    assert [training.metrics[1]["lr"], training.metrics[1]["train_loss"]] != [
        *(winner.metrics[1]["lr"], winner.metrics[1]["train_loss"])
    ], "there are more samples in an epoch"
    assert result["refit"] == {"epochs": winner.best_epoch, "samples": 1438}
    assert not folder.refit.trials.exists(), "its checkpoint is not needed any more"

    kept = read_checkpoint(checkpoint_folder(folder.trials, winner.number) / CHECKPOINT_FILE)["best_weights"]
    saved = load_file(folder.model / "weights.safetensors")
    assert any(not torch.equal(saved[name], kept[name]) for name in kept), "the model is the refitted one"
    assert result["validation"]["accuracy"] == result["best"]["val_accuracy"], "the score is the winner's before"
    assert (result["test_looks"], result["test"]["samples"]) == (1, 359)

    runs = read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")
    below = {run.data.tags["tuner.trial"]: run for run in runs if "tuner.trial" in run.data.tags}
    assert sorted(below) == ["0", "1", f"refit-{plan.uid}"]
    mine = below[f"refit-{plan.uid}"]
    assert (mine.data.tags["tuner.refits_trial"], mine.info.status) == (str(winner.number), "FINISHED")
    [parent] = [run for run in runs if "tuner.trial" not in run.data.tags]
    assert parent.data.metrics["refit_samples"] == 1438
    assert "trained again for" in (folder.report / "report.html").read_text()
    logged = tuner("logs", "x", folder=tmp_path)
    assert logged.stdout.count(f"  refit {winner.number}  epoch ") == winner.best_epoch, logged.stderr
    assert (
        f"refit     the winner's parameters, trained again for {plan.epochs} epoch"
        in tuner("best", "x", folder=tmp_path).stdout
    )


@pytest.mark.proof
def test_a_sweep_that_grows_refits_its_winner_unless_it_has_won_again(tuner: Command, tmp_path: Path) -> None:
    done = tuner("sweep", "digits", "cnn", "--name", "x", *OPTIONS, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = check_json("sweep DATASET MODEL", done.stdout)
    grown = tuner("resume", "x", "--trials", "3", "--json", folder=tmp_path)
    assert grown.returncode == 0, grown.stderr
    again = check_json("resume NAME", grown.stdout)
    if again["best"]["trial"] == result["best"]["trial"]:
        assert (again["refit"], again["test"], again["test_looks"]) == (result["refit"], result["test"], 1)
    else:
        assert (again["refit"]["samples"], again["test_looks"]) == (1438, 2)
