"""Sweeps that are ended by signals: to their process group, and when their terminal is closed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from mlflow import MlflowClient
from support.common import read_runs, wait_for_epochs
from support.process_groups import Terminal, group, no_processes, of_sweep
from support.processes import wait_until

from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.drawing import report_state


def test_sigterm_to_the_whole_group_lets_the_trials_save_themselves_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    arguments = ("sweep", "digits", "cnn", "--trials", "4", "--max-epochs", "50", "--name", "x")
    process = group(environment, tmp_path, *arguments)
    with of_sweep(process, tmp_path):
        wait_for_epochs(tmp_path, 4, process)
        for _ in range(2):  # as `timeout` does
            os.killpg(process.pid, signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 143, err
        assert err.splitlines()[-1] == "stopped (SIGTERM); to continue: tuner resume x"
        assert "tuner resume x" in out
        assert no_processes(tmp_path)
    assert {run.info.status for run in read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")} == {"KILLED"}
    assert list(tmp_path.glob("runs/x/trials/*/checkpoint.pt"))


def test_a_terminal_that_is_closed_ends_a_training_that_can_go_on(environment: dict[str, str], tmp_path: Path) -> None:
    arguments = ("train", "digits", "cnn", "--epochs", "2000", "--cpus", "1", "--name", "x")
    with Terminal(environment, tmp_path, *arguments) as terminal:
        wait_for_epochs(tmp_path, 2, terminal.process)
        terminal.close()
        assert terminal.process.wait(60) == 129
    assert {run.info.status for run in read_runs(f"sqlite:///{tmp_path}/runs/mlflow.db", "digits-cnn")} == {"KILLED"}
    assert not (tmp_path / "runs/x/error.txt").exists()


@pytest.mark.proof
def test_a_report_is_drawn_and_sent_after_its_terminal_was_closed(environment: dict[str, str], tmp_path: Path) -> None:
    arguments = ("train", "digits", "cnn", "--epochs", "1", "--name", "x")
    folder = SweepFolder(tmp_path / "runs" / "x")
    with Terminal(environment, tmp_path, *arguments) as terminal:
        assert terminal.process.wait(300) == 0
        assert report_state(folder) == "is being drawn"
        terminal.close()
        assert wait_until(lambda: not report_state(folder), timeout=300)
    assert folder.report_page.exists()
    uri = f"sqlite:///{tmp_path}/runs/mlflow.db"
    [run] = [run for run in read_runs(uri, "digits-cnn") if "tuner.trial" not in run.data.tags]
    sent = MlflowClient(uri, uri).list_artifacts(run.info.run_id, "report")
    assert {Path(each.path).name for each in sent} == {path.name for path in folder.report.iterdir()}
