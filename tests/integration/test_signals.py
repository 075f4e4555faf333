"""Sweeps that are ended by signals: to their process group, and when their terminal is closed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from support.common import read_runs, wait_for_epochs
from support.process_groups import Terminal, group, no_processes, of_sweep


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
