"""Sweeps that are handed to a real Ray cluster of several nodes, whose folders are their own."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_server import MlflowServer, mlflow_server
from postgres import postgres
from ray_cluster import Cluster, Node, ray_cluster
from support import Command

from tuner.records import TrialRecord, read_records

pytestmark = pytest.mark.proof
TRIALS = 24


@dataclass
class Team:
    """A cluster of a head and two workers, and the MLflow server that its nodes know."""

    cluster: Cluster
    workers: list[Node]
    server: MlflowServer
    folder: Path
    """Where somebody types commands."""

    def journal(self, sweep: str) -> Path:
        """On the head's disk."""
        return self.cluster.nodes[0].folder / "tuner-runs" / sweep / "study.log"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    with ExitStack() as stack:
        server = stack.enter_context(mlflow_server(folder, stack.enter_context(postgres(folder))))
        cluster = stack.enter_context(ray_cluster(cpus=1, environment=server.login()))
        workers = [cluster.add(cpus=1) for _ in range(2)]
        (folder / "here").mkdir()
        yield Team(cluster=cluster, workers=workers, server=server, folder=folder / "here")


def raylet(node: Node) -> tuple[int, str]:
    """The process id of what makes a machine a node, and the first characters of what Ray calls the node."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
            if words[0].endswith("/raylet") and any(str(node.folder) in word for word in words):
                [found] = [word.partition("=")[2] for word in words if word.startswith("--node_id=")]
                return int(process.name), found[:8]
    raise ProcessLookupError(f"no raylet in {node.folder}")


def last_node(record: TrialRecord) -> str:
    return record.nodes[-1][1].rpartition("/")[2] if record.nodes else ""


def wait_for_a_trial_on(team: Team, sweep: str, node: str) -> int:
    """A running trial of that node that is past its first rung, whose checkpoint is kept."""
    while True:
        for record in read_records(team.journal(sweep)):
            if not record.ended and last_node(record) == node and record.epoch in (4, 5):
                return record.number
        time.sleep(0.1)


def test_a_sweep_survives_the_death_of_a_node_and_its_trials_go_on_elsewhere(
    tuner: Command, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = team.cluster.client
    arguments = ("--trials", str(TRIALS), "--max-epochs", "18", "--set", "optimizer=adam", "--set", "width=1.0")
    begun = tuner("sweep", "digits", "cnn", *arguments, "--address", team.cluster.address, folder=team.folder, **client)
    assert begun.returncode == 0, begun.stderr
    assert "digits-cnn-1 runs on" in begun.stderr

    pid, victim = raylet(team.workers[0])
    moved = wait_for_a_trial_on(team, "digits-cnn-1", victim)
    os.kill(pid, signal.SIGKILL)

    watched = tuner("status", "digits-cnn-1", "--watch", folder=team.folder, **client)
    assert watched.returncode == 0, watched.stderr
    assert "digits-cnn-1: cnn on digits, finished" in watched.stdout

    records = read_records(team.journal("digits-cnn-1"))
    assert len(records) == TRIALS
    assert {record.state for record in records} <= {"COMPLETE", "PRUNED"}
    nodes = {node.rpartition("/")[2] for record in records for _, node in record.nodes}
    assert len(nodes) == 3, "every node had trials"
    went = [(epoch, node.rpartition("/")[2]) for epoch, node in records[moved].nodes]
    assert went[0][1] == victim
    assert went[-1][1] != victim
    assert went[-1][0] > 2, "it went on from its checkpoint at the rung of epoch 2, or a later one"

    for name, value in team.server.login().items():
        monkeypatch.setenv(name, value)
    mlflow = MlflowClient(team.server.uri)
    experiment = mlflow.get_experiment_by_name("digits-cnn")
    assert experiment is not None
    runs = mlflow.search_runs([experiment.experiment_id])
    numbers = sorted(int(run.data.tags["tuner.trial"]) for run in runs if "tuner.trial" in run.data.tags)
    assert numbers == list(range(TRIALS))
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    assert mlflow.get_model_version_by_alias("digits-cnn", "champion").tags["tuner.sweep"] == "digits-cnn-1"
    [parent] = [run for run in runs if "tuner.trial" not in run.data.tags]
    assert mlflow.list_artifacts(parent.info.run_id, "checkpoints") == []  # the winner is registered
    found = json.loads(tuner("status", "digits-cnn-1", "--json", folder=team.folder, **client).stdout)
    assert found["state"] == "finished"
