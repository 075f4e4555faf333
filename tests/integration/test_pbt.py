"""Population based training in real sweeps: what the study, the logs, the report and MLflow hold."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from support.common import Command, Start, read_runs, read_study, wait_for_epochs
from support.json_check import check_json
from support.processes import end

from tuner.core.records import TrialRecord
from tuner.core.sweep_folder import SweepFolder
from tuner.search.study_reader import read_records

EPOCHS, TRIALS = 4, 4
ARGUMENTS = (
    *("sweep", "digits", "cnn", "--scheduler", "pbt", "--sampler", "random", "--name", "x"),
    *("--trials", str(TRIALS), "--max-epochs", str(EPOCHS), "--limit", "200"),
    *("--concurrency", "2", "--cpus", "1", "--set", "width=0.25", "--set", "batch_size=16"),
)


def records(folder: Path) -> list[TrialRecord]:
    return read_records(SweepFolder(folder / "runs/x").journal)


def told(folder: Path) -> list[Any]:
    """All that a search decides, and the scores that it came to."""
    return [(each.parameters, each.exploits, each.values, each.kept, each.state) for each in records(folder)]


@pytest.mark.proof
def test_a_population_in_a_real_sweep(tuner: Command, tmp_path: Path) -> None:
    """That it may be killed at any moment is shown without workers in tests/unit/search/test_population.py."""
    done = tuner(*ARGUMENTS, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    check_kept(tuner, tmp_path, check_json("sweep DATASET MODEL", done.stdout))


@pytest.mark.proof
def test_a_population_that_is_killed_twice_comes_to_what_it_would_have_come_to(
    tuner: Command, start: Start, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    done = tuner(*ARGUMENTS, "--json", folder=whole)
    assert done.returncode == 0, done.stderr
    process = start(*ARGUMENTS, folder=killed)
    wait_for_epochs(killed, TRIALS, process)  # the first generation is being renewed
    end(process, signal.SIGKILL)
    process = start("resume", "x", folder=killed)
    wait_for_epochs(killed, 2 * TRIALS + 1, process)
    end(process, signal.SIGKILL)
    before = told(killed)
    resumed = tuner("resume", "x", "--json", folder=killed)
    assert resumed.returncode == 0, resumed.stderr
    assert told(killed) == told(whole)
    assert all(values.items() <= now[2].items() for (_, _, values, *_), now in zip(before, told(killed), strict=True))
    assert check_json("resume NAME", resumed.stdout)["best"] == json.loads(done.stdout)["best"]


def check_kept(tuner: Command, folder: Path, result: dict[str, Any]) -> None:
    found = records(folder)
    assert [each.state for each in found] == ["COMPLETE"] * TRIALS
    assert [len(each.values) for each in found] == [EPOCHS] * TRIALS
    taken = [(each.epoch, number) for number, member in enumerate(found) for each in member.exploits]
    assert [epoch for epoch, _ in sorted(taken)] == [1, 2, 3]  # one of four, after each epoch
    number = taken[0][1]
    member, exploit = found[number], found[number].exploits[0]
    assert {"lr", "dropout", "weight_decay"} & exploit.changes.keys()
    assert read_study(folder / "runs/x").trials[number].user_attrs["exploits"][0] == exploit.to_json()
    logs = tuner("logs", "x", "--trial", str(number), folder=folder).stdout
    assert f"from the weights of trial {exploit.donor}, " in logs
    runs = read_runs(f"sqlite:///{folder}/runs/mlflow.db", "digits-cnn")
    [run] = [run for run in runs if run.data.tags.get("tuner.trial") == str(number)]
    assert run.data.tags["tuner.exploits"].startswith(f"after epoch {exploit.epoch} the weights of trial")
    assert run.data.params["lr"] == str(exploit.before["lr"])
    assert run.data.metrics["param_lr"] == member.parameters["lr"]
    assert result["best"]["parameters"] == found[result["best"]["trial"]].parameters
    page = SweepFolder(folder / "runs/x").report_page.read_text()
    assert ('id="schedule"' in page) == bool(found[result["best"]["trial"]].exploits)
    for words, why in (
        (("train", "digits", "cnn", "--from-trial", f"x/{number}"), "no training repeats it"),
        (("resume", "x", "--trials", "9"), "a population of 4 (--scheduler pbt), which does not grow"),
    ):
        refused = tuner(*words, folder=folder)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert why in refused.stderr
