"""Sweeps on a real Ray cluster whose nodes hang, and wake up again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.common import Command

from faults.freezes import IMPATIENT, frozen, wait_until_gone, wait_until_moved, workers
from faults.ledger import Ledger
from faults.three_nodes import Team, begin_sweep, end_sweep, make_team, take_inventory, wait_for_a_trial
from tuner.search.study_reader import read_records

pytestmark = [pytest.mark.faults, pytest.mark.proof]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with make_team(tmp_path_factory.mktemp("team"), IMPATIENT) as team:
        yield team


def test_the_trial_of_a_node_that_hangs_goes_on_elsewhere_and_its_awoken_worker_harms_nothing(
    tuner: Command, team: Team, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_sweep(tuner, team, "--name", "x")
    moved, node, victim = wait_for_a_trial(team, "x")
    with frozen(node) as pids:
        team.workers.remove(node)  # Ray takes no node back that it has called dead
        zombies = workers(pids)
        assert zombies
        wait_until_moved(team, "x", moved, victim)
    left = wait_until_gone(zombies)  # in the midst of the sweep
    end_sweep(tuner, team, "x")
    assert left == [], "what woke up has ended by itself"

    found = take_inventory(team, "x", monkeypatch)
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
    begin_sweep(tuner, team, "--name", "y", "--max-failures", "0")
    lost, node, victim = wait_for_a_trial(team, "y")
    with frozen(node):
        end_sweep(tuner, team, "y")
    found = take_inventory(team, "y", monkeypatch)
    ledger.enter("a node of a cluster frozen with SIGSTOP, with --max-failures 0", 1, found)
    assert found.wrong == []
    [failed] = [record for record in read_records(team.journal("y")) if record.state == "FAIL"]
    assert failed.number == lost
    assert failed.reason.startswith(f"its worker died: the node {victim} died: "), failed.reason
