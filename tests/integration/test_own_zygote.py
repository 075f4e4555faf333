"""A sweep that was started as usual has a zygote of its own, from which its workers are forked."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.common import read_study, wait_for_epochs
from support.own_training import SLOW_TRAIN
from support.process_groups import GONE_S, end_all, group, no_processes, program, with_variable, working_in
from support.processes import Process, wait_until

WORDS = (
    *("sweep", "train.py", "--set", "lr=0.01..1", "--objective", "loss:min", "--scheduler", "none"),
    *("--trials", "4", "--max-epochs", "12", "--concurrency", "2", "--name", "x"),
)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def workers(folder: Path) -> list[int]:
    return [pid for pid in with_variable("TUNER_TEST_FOLDER", folder) if program(pid).startswith("ray::")]


@pytest.fixture
def sweep(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    """One that has trained some epochs."""
    (tmp_path / "train.py").write_text(SLOW_TRAIN)
    process = group(environment, tmp_path, *WORDS)
    try:
        wait_for_epochs(tmp_path, 4, process)
        yield process
        assert wait_until(lambda: not working_in(tmp_path), timeout=GONE_S)
        assert no_processes(tmp_path)
    finally:
        end_all(tmp_path)


def test_workers_are_forked_and_start_as_usual_once_it_is_killed(sweep: Process, tmp_path: Path) -> None:
    first = workers(tmp_path)
    assert len(first) == 2
    [zygote] = {parent(pid) for pid in first}
    assert parent(zygote) == sweep.pid
    os.kill(zygote, signal.SIGKILL)
    os.kill(first[0], signal.SIGKILL)
    _, err = sweep.communicate(timeout=600)
    assert sweep.returncode == 0, err
    trials = read_study(tmp_path / "runs" / "x").trials
    assert len(trials) == 4
    for trial in trials:
        assert sorted(trial.intermediate_values) == list(range(1, 13))


@pytest.mark.proof
def test_nothing_is_left_where_the_command_is_killed(sweep: Process) -> None:
    """See the fixture."""
    os.kill(sweep.pid, signal.SIGKILL)
    sweep.communicate()
