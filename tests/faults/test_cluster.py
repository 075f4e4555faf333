"""Sweeps that are handed to a real Ray cluster of several nodes, whose folders are their own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest
from mlflow import MlflowClient
from support.common import Command, read_runs

from faults.ledger import Ledger
from faults.three_nodes import Team, begin_sweep, end_sweep, make_team, raylet, take_inventory, wait_for_a_trial
from tuner.search.study_reader import read_records

pytestmark = [pytest.mark.faults, pytest.mark.proof]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with make_team(tmp_path_factory.mktemp("team")) as team:
        yield team


def test_a_sweep_survives_the_death_of_a_node_and_its_trials_go_on_elsewhere(
    tuner: Command, team: Team, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = team.cluster.client
    assert "digits-cnn-1 runs on" in begin_sweep(tuner, team)

    moved, node, victim = wait_for_a_trial(team, "digits-cnn-1")
    os.kill(raylet(node)[0], signal.SIGKILL)

    end_sweep(tuner, team, "digits-cnn-1")
    there = take_inventory(team, "digits-cnn-1", monkeypatch)
    ledger.enter("a node of a cluster killed with kill -9", 1, there)
    assert there.wrong == []
    records = read_records(team.journal("digits-cnn-1"))
    assert {record.state for record in records} <= {"COMPLETE", "PRUNED"}
    went = [(epoch, node.rpartition("/")[2]) for epoch, node in records[moved].nodes]
    places = [place for _, place in went]
    assert victim in places[:-1], (
        "it may have begun on another node, and have waited at a rung before it came to this one"
    )
    assert places[-1] != victim
    assert went[-1][0] > 2, "it went on from its checkpoint at the rung of epoch 2, or a later one"

    mlflow = MlflowClient(team.server.uri, team.server.uri)
    assert mlflow.get_model_version_by_alias("digits-cnn", "champion").tags["tuner.sweep"] == "digits-cnn-1"
    [parent] = [run for run in read_runs(team.server.uri, "digits-cnn") if "tuner.trial" not in run.data.tags]
    assert mlflow.list_artifacts(parent.info.run_id, "checkpoints") == []  # the winner is registered
    found = json.loads(tuner("status", "digits-cnn-1", "--json", folder=team.folder, **client).stdout)
    assert found["state"] == "finished"
