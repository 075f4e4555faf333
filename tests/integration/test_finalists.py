"""Real sweeps whose finalists are trained with other seeds: killed and resumed, and grown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.common import Command, Start, read_runs
from support.killed_confirmation import kill_and_resume

from tuner.core.confirmation import ConfirmPlan
from tuner.core.records import trial_seed
from tuner.core.result_file import read_result
from tuner.search.study_reader import read_records

SIZE = ("--trials", "3", "--max-epochs", "3", "--limit", "600", "--concurrency", "2", "--scheduler", "none")
FINALISTS = ("--finalists", "2", "--seeds", "2", "--time-budget", "10m")


def check_runs(home: Path, result: dict[str, Any]) -> None:
    """In MLflow there is a run for each training, and the sweep's has mean and deviation of each finalist."""
    runs = read_runs(f"sqlite:///{home}/mlflow.db", "digits-cnn")
    parents = [run for run in runs if "tuner.trial" not in run.data.tags]
    assert (len(parents), len(runs)) == (1, 1 + 3 + 4)
    metrics = parents[0].data.metrics
    assert metrics["finalists"] == 2
    for each in result["finalists"]["trials"]:
        name = f"finalist_{each['trial']}_val_accuracy"
        assert (metrics[f"{name}_mean"], metrics[f"{name}_sd"]) == (each["score"]["mean"], each["score"]["sd"])


@pytest.mark.proof
def test_a_sweep_that_is_killed_among_its_finalists_goes_on_and_grows(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    """With two workers and kill -9: the search is over, no epoch is lost, and the best mean decides."""
    where = tmp_path / "sweep"
    resumed = kill_and_resume(start, tuner, where, *SIZE, *FINALISTS)
    folder, after, result = resumed.folder, resumed.after, resumed.result
    assert (resumed.killed.confirm, sum(resumed.killed.confirm_states.values())) == (None, 4)
    assert "x: the finalists of cnn on digits, again with other seeds\n" in resumed.err
    assert [(record.state, record.epoch) for record in after] == [("COMPLETE", 3)] * 4
    assert [record.seed for record in after] == [trial_seed(seed, 0) for seed in (1, 1, 2, 2)]
    plan = ConfirmPlan.load(folder)
    assert plan
    means = {
        number: sum(each.score for each in after if plan.points[each.number].trial == number) / 2
        for number in plan.finalists
    }
    assert {each["trial"]: each["score"]["mean"] for each in result["finalists"]["trials"]} == pytest.approx(means)
    best = max(means, key=lambda number: means[number])
    assert (result["finalists"]["best"], result["finalists"]["seeds"]) == (best, [1, 2])
    assert result["default"]["best"] == best
    assert result["best"]["trial"] == (0 if result["default"]["registered"] else best)
    assert {int(each.name) for each in folder.trials.iterdir()} == {0, *plan.finalists}
    check_runs(where / "runs", result)
    assert "The finalists" in (folder.report / "report.html").read_text()
    refused = tuner("confirm", "x", "--seeds", "5", folder=where)
    assert refused.returncode == 2
    said = ": that confirms its winner" if result["best"]["trial"] in means else "; its winner, the default, is none of"
    assert f"has trained 2 finalists with 2 other seeds each{said}" in refused.stderr

    grown = tuner("resume", "x", "--trials", "5", folder=where)
    assert grown.returncode == 0, grown.stderr
    new = ConfirmPlan.load(folder)
    assert new
    assert (new.uid, new.points[:4]) == (plan.uid, plan.points)
    assert read_records(folder.confirmation.journal)[:4] == after, "those of before are not trained again"
    assert len(new.points) == 4 + 2 * len({*new.finalists} - {*plan.finalists})
    best = read_result(folder.path)["finalists"]["best"]
    assert best in new.finalists
    assert f"trial {best} has the best mean val_accuracy of 2 trials, over 2 other seeds" in grown.stdout
