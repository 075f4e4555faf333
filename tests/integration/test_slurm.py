"""`tuner sweep --slurm` with a real Slurm of two nodes: see support/slurm.py."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults.inventory import lost_between
from support.common import Command
from support.processes import wait_until
from support.slurm import WAIT_S, Slurm, slurm

from tuner.core.records import TrialRecord
from tuner.search.study_reader import read_records

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    with slurm(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


def submit(tuner: Command, cluster: Slurm, folder: Path, options: str, *words: str) -> dict[str, str]:
    """Submits a sweep of small trials. Returns what the command tells."""
    sweep = ("sweep", "digits", "cnn", "--set", "width=0.5", "--set", "optimizer=adam", *words)
    done = tuner(*sweep, "--slurm", options, "--json", folder=folder, **cluster.client)
    assert done.returncode == 0, done.stderr
    assert "# whether it waits or runs" in done.stderr
    told: dict[str, str] = json.loads(done.stdout)
    return told


def records(folder: Path, name: str) -> list[TrialRecord]:
    journal = folder / "runs" / name / "study.log"
    return read_records(journal) if journal.exists() else []


def epochs(folder: Path, name: str) -> int:
    return sum(len(record.values) for record in records(folder, name))


def test_a_sweep_goes_on_after_its_time_limit_and_without_a_lost_node(
    tuner: Command, cluster: Slurm, tmp_path: Path, environment: dict[str, str]
) -> None:
    options = "--nodes=2 --time=60 --signal=B:USR1@60"
    told = submit(tuner, cluster, tmp_path, options, "--trials", "900", "--max-epochs", "27", "--name", "x")
    job, log = told["job"], Path(told["log"])

    def state() -> str:
        return cluster.job(job)["JobState"]

    def wait(true: Callable[[], object], what: str) -> None:
        assert wait_until(true, timeout=WAIT_S, poll=0.5), (
            f"{what}: {state()}\n{log.read_text() if log.exists() else ''}"
        )

    def places() -> set[str]:
        return {node for each in records(tmp_path, "x") for _, node in each.nodes}

    wait(lambda: epochs(tmp_path, "x") > 2 and len(places()) == 2, "both nodes train")
    assert "2 of 2 nodes are ready: n1, n2" in log.read_text()
    assert not re.search("[0-9a-f]{64}", log.read_text() + Path(told["script"]).read_text()), "a token"

    hours, minutes, _ = map(int, cluster.job(job)["RunTime"].split(":"))
    cluster.ask("scontrol", "update", f"JobId={job}", f"TimeLimit={60 * hours + minutes + 2}")  # however fast it began
    wait(lambda: cluster.job(job)["Restarts"] == "1", "its time is nearly over, and it is put back into the queue")
    cluster.ask("scontrol", "update", f"JobId={job}", "TimeLimit=60")
    before = records(tmp_path, "x")
    assert "x is saved and goes on when Slurm begins the job again" in log.read_text()
    assert not list(tmp_path.glob("runs/x/result.json"))
    assert not list(Path(environment["RAY_TMPDIR"]).glob("tuner-*")), "each node has deleted its folder"

    wait(lambda: epochs(tmp_path, "x") > sum(len(each.values) for each in before) + 2, "the next job goes on with it")
    assert lost_between(before, records(tmp_path, "x")).wrong == []
    wait(lambda: len(places()) == 4, "both nodes of Ray in the second job train, too")
    cluster.lose("n2")
    wait(lambda: cluster.job(job)["NodeList"] == "n1", "Slurm notices that the node is lost")
    lost, seen = records(tmp_path, "x"), epochs(tmp_path, "x")
    wait(lambda: epochs(tmp_path, "x") > seen + 2, "it goes on with the other node")
    assert state() == "RUNNING"
    assert lost_between(lost, records(tmp_path, "x")).wrong == []
    assert "FAIL" not in {each.state for each in records(tmp_path, "x")}

    stopped = tuner("stop", "x", folder=tmp_path)
    assert stopped.returncode == 0, stopped.stderr
    wait(lambda: state() == "COMPLETED", "its best trial is tested and registered")
    result = json.loads((tmp_path / "runs" / "x" / "result.json").read_text())
    assert result["finished"]
    assert result["model"]["uri"] == "models:/digits-cnn@champion"
