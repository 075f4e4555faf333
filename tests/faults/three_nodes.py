"""A Ray cluster of three nodes, whose folders are their own, and an MLflow server on PostgreSQL that they know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.common import Command
from support.mlflow_server import MlflowServer, mlflow_server
from support.postgres import postgres
from support.processes import wait_until
from support.ray_cluster import Cluster, Node, ray_cluster

from faults.inventory import Inventory, inventory
from tuner.core.records import TrialRecord
from tuner.search.schedulers.asha import rungs
from tuner.search.study_reader import read_records

EPOCHS = 18
RUNGS = rungs(EPOCHS)
WAIT_S = 300.0
TRIALS = 24
SIZE = ("--trials", str(TRIALS), "--max-epochs", str(EPOCHS), "--set", "optimizer=adam", "--set", "width=1.0")


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


@contextmanager
def make_team(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Team]:
    """Starts it, with these variables on its nodes."""
    with ExitStack() as stack:
        server = stack.enter_context(mlflow_server(folder, stack.enter_context(postgres(folder))))
        cluster = stack.enter_context(ray_cluster(cpus=1, environment={**server.login(), **(environment or {})}))
        workers = [cluster.add(cpus=1) for _ in range(2)]
        (folder / "here").mkdir()
        yield Team(cluster=cluster, workers=workers, server=server, folder=folder / "here")


def begin_sweep(tuner: Command, team: Team, *options: str) -> str:
    """Hands a sweep of TRIALS trials to the cluster. Returns what the command has printed to stderr."""
    client, address = team.cluster.client, team.cluster.address
    begun = tuner("sweep", "digits", "cnn", *SIZE, *options, "--address", address, folder=team.folder, **client)
    assert begun.returncode == 0, begun.stderr
    return begun.stderr


def end_sweep(tuner: Command, team: Team, sweep: str) -> None:
    """Waits until it is finished."""
    ended = tuner("status", sweep, "--watch", folder=team.folder, **team.cluster.client)
    assert ended.returncode == 0, ended.stderr
    assert f"{sweep}: cnn on digits, finished" in ended.stdout


def take_inventory(team: Team, sweep: str, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """What the sweep has, in its study and in MLflow, whose login this process has from then on."""
    for name, value in team.server.login().items():
        monkeypatch.setenv(name, value)
    return inventory(team.journal(sweep).parent.parent, sweep, TRIALS, uri=team.server.uri)


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


def wait_for_a_trial(team: Team, sweep: str) -> tuple[int, Node, str]:
    """A running trial of a worker that is past its first rung, whose checkpoint is kept; the worker, and its id."""
    names = {name: node for node in team.workers for _, name in [raylet(node)] if name}

    def a_trial() -> tuple[int, Node, str] | None:
        for record in read_records(team.journal(sweep)):
            if not record.ended and last_node(record) in names and record.epoch > 2 and record.epoch not in RUNGS:
                return record.number, names[last_node(record)], last_node(record)
        return None

    found = wait_until(a_trial, timeout=WAIT_S, poll=0.1)
    assert found, f"no worker has a trial of {sweep}"
    return found
