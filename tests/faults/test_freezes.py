"""Sweeps on a real Ray cluster whose nodes hang, and wake up again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.common import Command

from faults.freezes import IMPATIENT, frozen, wait_until_gone, wait_until_moved, workers
from faults.inventory import inventory
from faults.ledger import Ledger
from faults.three_nodes import EPOCHS, Team, make_team, wait_for_a_trial
from tuner.search.study_reader import read_records

pytestmark = [pytest.mark.faults, pytest.mark.proof]
TRIALS = 24
SIZE = ("--trials", str(TRIALS), "--max-epochs", str(EPOCHS), "--set", "optimizer=adam", "--set", "width=1.0")


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with make_team(tmp_path_factory.mktemp("team"), IMPATIENT) as team:
        yield team


def begin(tuner: Command, team: Team, *options: str) -> None:
    client, address = team.cluster.client, team.cluster.address
    begun = tuner("sweep", "digits", "cnn", *SIZE, *options, "--address", address, folder=team.folder, **client)
    assert begun.returncode == 0, begun.stderr


def end(tuner: Command, team: Team, sweep: str) -> None:
    ended = tuner("status", sweep, "--watch", folder=team.folder, **team.cluster.client)
    assert ended.returncode == 0, ended.stderr
    assert f"{sweep}: cnn on digits, finished" in ended.stdout


def test_the_trial_of_a_node_that_hangs_goes_on_elsewhere_and_its_awoken_worker_harms_nothing(
    tuner: Command, team: Team, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(tuner, team, "--name", "x")
    moved, node, victim = wait_for_a_trial(team, "x")
    with frozen(node) as pids:
        team.workers.remove(node)  # Ray takes no node back that it has called dead
        zombies = workers(pids)
        assert zombies
        wait_until_moved(team, "x", moved, victim)
    left = wait_until_gone(zombies)  # in the midst of the sweep
    end(tuner, team, "x")
    assert left == [], "what woke up has ended by itself"

    for name, value in team.server.login().items():
        monkeypatch.setenv(name, value)
    found = inventory(team.journal("x").parent.parent, "x", TRIALS, uri=team.server.uri)
    ledger.enter("a node of a cluster frozen with SIGSTOP, and awake again", 1, found)
    assert found.wrong == []
    records = read_records(team.journal("x"))
    assert {record.state for record in records} <= {"COMPLETE", "PRUNED"}
    went = [(epoch, node.rpartition("/")[2]) for epoch, node in records[moved].nodes]
    nodes = [node for _, node in went]
    assert victim in nodes[:-1]
    assert went[nodes.index(victim) + 1][0] > 2, "it went on from its checkpoint at the rung of epoch 2, or a later one"


def test_a_trial_that_may_not_go_on_fails_with_the_death_of_its_node_and_the_sweep_goes_on(
    tuner: Command, team: Team, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.workers.append(team.cluster.add(cpus=1))  # in the place of the one that has hung
    begin(tuner, team, "--name", "y", "--max-failures", "0")
    lost, node, victim = wait_for_a_trial(team, "y")
    with frozen(node):
        end(tuner, team, "y")
    for name, value in team.server.login().items():
        monkeypatch.setenv(name, value)
    found = inventory(team.journal("y").parent.parent, "y", TRIALS, uri=team.server.uri)
    ledger.enter("a node of a cluster frozen with SIGSTOP, with --max-failures 0", 1, found)
    assert found.wrong == []
    [failed] = [record for record in read_records(team.journal("y")) if record.state == "FAIL"]
    assert failed.number == lost
    assert failed.reason.startswith(f"its worker died: the node {victim} died: "), failed.reason
