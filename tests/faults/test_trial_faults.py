"""Trials that are killed, hang, or all fail, in real sweeps: it is told truthfully, and the rest goes on."""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.common import Command, Start, read_study
from support.processes import Process, wait_until

from faults.inventory import inventory
from faults.ledger import Ledger
from tuner.core.records import TrialRecord
from tuner.search.study_reader import read_records

pytestmark = pytest.mark.proof
PAIR = ("digits", "cnn", "--limit", "400", "--set", "width=0.25", "--name", "x")
WAIT_S = 900


def records(folder: Path) -> list[TrialRecord]:
    return read_records(folder / "runs/x/study.log")


def workers(environment: dict[str, str], driver: Process) -> list[int]:
    """The processes in which the trials of this driver train."""
    found = []
    mark = f"RAY_TMPDIR={environment['RAY_TMPDIR']}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name = (process / "cmdline").read_bytes()
            if name.startswith((b"ray::TrialWorker", b"ray::_Inner")) and mark in (process / "environ").read_bytes():
                found.append(int(process.name))
    assert driver.poll() is None
    return sorted(found)


def wait_for(folder: Path, process: Process, epochs: int) -> None:
    """Until so many epochs were reported in all."""
    reported = wait_until(
        lambda: sum(record.epoch for record in records(folder)) >= epochs, process, timeout=WAIT_S, poll=0.1
    )
    assert reported, process.communicate() if process.poll() is not None else ""


def ended(process: Process) -> tuple[dict[str, Any], str]:
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found, err


@pytest.mark.faults
def test_a_trial_whose_worker_is_killed_goes_on_and_fails_when_that_is_too_often(
    start: Start, environment: dict[str, str], tmp_path: Path, ledger: Ledger
) -> None:
    options = ("--trials", "3", "--max-epochs", "200", "--concurrency", "1", "--max-failures", "1")
    process = start("sweep", *PAIR, *options, "--json", folder=tmp_path)
    for death in (1, 2):  # the second time another process: the trial goes on in it
        wait_for(tmp_path, process, records(tmp_path)[0].epoch + 2 if death == 2 else 2)
        [pid] = workers(environment, process)
        os.kill(pid, signal.SIGKILL)
    _, err = ended(process)
    assert "trial 0: its worker died (its process was killed, or crashed): it resumes from its checkpoint" in err
    found = inventory(tmp_path / "runs", "x", 3)
    ledger.enter("a trial's worker killed with kill -9", 2, found)
    assert found.wrong == []
    first, *others = records(tmp_path)
    assert (first.state, first.reason) == (
        "FAIL",
        "its worker died 2 times, the last time: its process was killed, or crashed",
    )
    assert {record.state for record in others} <= {"COMPLETE", "PRUNED"}


def test_a_trial_whose_worker_ray_kills_for_want_of_memory_says_so(tuner: Command, tmp_path: Path) -> None:
    options = ("--trials", "1", "--trial-timeout", "1h", "--max-failures", "1")  # the timeout brings a worker
    done = tuner("sweep", *PAIR, *options, folder=tmp_path, RAY_memory_usage_threshold="0.001")
    assert done.returncode == 1
    [trial] = records(tmp_path)
    assert trial.state == "FAIL"
    why = r"Ray killed it, since the memory of the node [\d.]+ was full"
    batch_size = trial.parameters["batch_size"]
    reason = f"out of memory at batch size {batch_size}: its worker died 2 times, the last time: {why}"
    assert re.fullmatch(reason, trial.reason), trial.reason
    assert trial.reason in done.stderr
    [seen] = read_study(tmp_path / "runs/x").trials
    assert any(value > 0 for value in seen.constraints.values()), "the search keeps away from such points"


@pytest.mark.faults
def test_a_trial_that_hangs_fails_and_the_sweep_goes_on(
    start: Start, environment: dict[str, str], tmp_path: Path, ledger: Ledger
) -> None:
    options = ("--trials", "2", "--max-epochs", "400", "--concurrency", "1", "--trial-timeout", "40s")
    process = start("sweep", *PAIR, *options, "--json", folder=tmp_path)
    wait_for(tmp_path, process, 2)
    [pid] = workers(environment, process)
    os.kill(pid, signal.SIGSTOP)  # long before the rung of epoch 44, from which it might not go on
    result, _ = ended(process)
    found = inventory(tmp_path / "runs", "x", 2)
    ledger.enter("a trial's worker frozen (SIGSTOP)", 1, found)
    assert found.wrong == []
    first, second = records(tmp_path)
    assert (first.state, first.reason) == ("FAIL", "no epoch finished in 40 s")
    assert second.state in ("COMPLETE", "PRUNED")
    assert result["best"]["trial"] == 1, "a trial that failed is never the best"
    assert not Path(f"/proc/{pid}").exists() or Path(f"/proc/{pid}/cmdline").read_bytes() == b""


def test_a_sweep_whose_trials_all_fail_ends_early_with_the_commonest_reason(tuner: Command, tmp_path: Path) -> None:
    diverging = ("--set", "lr=1e30", "--set", "optimizer=sgd", "--set", "warmup=0.0")
    done = tuner("sweep", *PAIR, *diverging, "--trials", "40", "--max-epochs", "2", folder=tmp_path)
    assert done.returncode == 1
    tried = records(tmp_path)
    assert 5 <= len(tried) < 15
    assert f"of {len(tried)} trials failed" in done.stderr
    assert "train_loss is nan in epoch 1" in done.stderr
    assert "Traceback" not in done.stderr
