"""Trials that each train over several GPUs of a node, which a real Ray cluster counts and does not have: on CPUs."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.processes import Process, end, start, wait_until
from support.ray_cluster import Cluster, ray_cluster

from tuner.search.study_reader import read_records

pytestmark = pytest.mark.proof
WAIT_S = 300
WORKER = b"RayTrainWorker"
ACCURACY = r"on the test set, with 95 % intervals:\n  accuracy  [01]\.\d+ \([01]\.\d+ to [01]\.\d+; \d+ samples"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with ray_cluster(cpus=3, gpus=2) as running:
        yield running


@contextmanager
def driver(cluster: Cluster, folder: Path, *options: str) -> Iterator[Process]:
    """The driver of a sweep, as a job of the cluster runs it."""
    own = {"TUNER_ON_CLUSTER": "1", "RAY_ADDRESS": f"127.0.0.1:{cluster.gcs}", "TUNER_HOME": str(folder / "runs")}
    pair = ("digits", "cnn", "--limit", "300", "--name", "x", "--set", "width=0.125")
    command = [sys.executable, "-P", "-m", "tuner.cli.remote_entry", "sweep", *pair, "--gpus-per-trial", "2", *options]
    environment = {**cluster.environment, **own}
    process = start(command, folder=folder, environment=environment, output=folder / "output.txt")
    try:
        yield process
    finally:
        end(process, signal.SIGKILL)


def records(folder: Path) -> list[tuple[str, int]]:
    """State and epoch of each trial."""
    journal = folder / "runs/x/study.log"
    return [(each.state, each.epoch) for each in read_records(journal)] if journal.exists() else []


def wait_for_epoch(folder: Path, epoch: int) -> None:
    reached = wait_until(lambda: any(each >= epoch for _, each in records(folder)), timeout=WAIT_S, poll=0.1)
    assert reached, (folder / "output.txt").read_text()


def train_workers(cluster: Cluster) -> list[int]:
    """The processes of this cluster that Ray Train has started for a trial."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            named = WORKER in (process / "cmdline").read_bytes()
            if named and str(cluster.folder).encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def test_trials_train_in_two_processes_and_poor_ones_are_ended_early(cluster: Cluster, tmp_path: Path) -> None:
    with driver(cluster, tmp_path, "--trials", "3", "--max-epochs", "3", "--workers-per-node", "2") as process:
        wait_for_epoch(tmp_path, 1)
        together = len(train_workers(cluster))
        assert process.wait(WAIT_S) == 0, (tmp_path / "output.txt").read_text()
    assert together == 2
    ended = records(tmp_path)
    assert len(ended) == 3
    assert {state for state, _ in ended} == {"COMPLETE", "PRUNED"}
    assert train_workers(cluster) == []
    printed = (tmp_path / "output.txt").read_text()
    assert re.search(ACCURACY, printed), printed


def test_a_trial_that_loses_a_process_goes_on_from_its_checkpoint(cluster: Cluster, tmp_path: Path) -> None:
    with driver(cluster, tmp_path, "--trials", "1", "--max-epochs", "40") as process:
        wait_for_epoch(tmp_path, 3)
        os.kill(train_workers(cluster)[-1], signal.SIGKILL)
        assert process.wait(WAIT_S) == 0, (tmp_path / "output.txt").read_text()
    assert records(tmp_path) == [("COMPLETE", 40)]


def test_a_paused_trial_is_saved_by_the_first_of_its_processes(cluster: Cluster, tmp_path: Path) -> None:
    with driver(cluster, tmp_path, "--trials", "1", "--max-epochs", "400") as process:
        wait_for_epoch(tmp_path, 5)
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == 130, (tmp_path / "output.txt").read_text()
    [(state, epoch)] = records(tmp_path)
    assert (state, epoch < 400) == ("RUNNING", True)
    [checkpoint] = (tmp_path / "runs/x/trials").rglob("checkpoint.pt")
    assert checkpoint.is_file()


def test_why_a_trial_failed_in_its_processes_is_told(cluster: Cluster, tmp_path: Path) -> None:
    with driver(cluster, tmp_path, "--trials", "1", "--max-epochs", "2", "--set", "batch_size=1") as process:
        assert process.wait(WAIT_S) == 1
    output = (tmp_path / "output.txt").read_text()
    assert "batch size 1 cannot be divided among 2 GPUs" in output, output
