"""The MLflow store with several processes, a damaged one, and one that is served."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from support.common import Command, Finished, Start, Typed, free_port
from support.first_use_of_store import PROCESSES, use_at_once
from support.mlflow_server import plain_server
from support.processes import end, wait_until

from tuner.tracking.store import Store
from tuner.tracking.write_check import check_writable


@pytest.mark.proof
def test_ten_first_uses_at_once_make_one_whole_store(tmp_path: Path) -> None:
    assert use_at_once(tmp_path) == [""] * PROCESSES
    client = MlflowClient(Store.of(tmp_path).uri)
    assert len(client.search_experiments()) == PROCESSES + 1, "and MLflow's own"
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db", ".mlflow.lock"}


def test_a_store_whose_first_use_was_killed_is_made_anew(tmp_path: Path) -> None:
    store = Store(uri=f"sqlite:///{tmp_path}/deep/x.db", artifacts=None)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/.x.db.new").write_bytes(b"half of it")
    store.prepare()
    assert [each.name for each in MlflowClient(store.uri).search_experiments()] == ["Default"]


def test_ui_serves_the_sweeps_of_the_folder(start: Start, finished: Finished) -> None:
    port = free_port()
    process = start("ui", "--port", str(port), folder=finished.folder)
    try:

        def answers() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
                return bool(response.status == 200)

        assert wait_until(answers, process), process.communicate()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/2.0/mlflow/registered-models/alias?name=digits-cnn&alias=champion"
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            assert b"digits-cnn" in response.read()
    finally:
        end(process, timeout=60)


def test_a_server_is_asked_whether_it_takes_runs_and_artifacts_and_nothing_is_left(server: str) -> None:
    store = Store(uri=server, artifacts=None)
    store.check()
    check_writable(store, "asked")
    client = MlflowClient(server)
    found = client.get_experiment_by_name("asked")
    assert found
    assert client.search_runs([found.experiment_id]) == []
    assert get_artifact_repository(found.artifact_location, tracking_uri=server).list_artifacts() == []


def test_a_server_that_leaves_artifacts_to_a_folder_of_its_own_is_refused(tmp_path: Path, typed: Typed) -> None:
    with plain_server(tmp_path, free_port(), artifacts="/proc/nothing") as uri, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        code, _, err = typed("sweep", "digits", "cnn", "--trials", "2")
    assert code == 2
    [line] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "artifacts go to /proc/nothing/" in line
    assert "start that with --serve-artifacts" in line
    assert not list((tmp_path / "runs").glob("*"))


@pytest.mark.proof
def test_a_store_that_is_damaged_stops_the_sweep_in_one_line_that_says_how_to_go_on(
    tuner: Command, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/mlflow.db").write_bytes(b"this is no database" * 100)
    done = tuner("sweep", "digits", "cnn", "--trials", "2", "--max-epochs", "200", folder=tmp_path)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "not a database" in line
    assert "tuner resume digits-cnn-1" in line
    assert "Traceback" not in done.stderr
    assert "Traceback" in (tmp_path / "runs/digits-cnn-1/error.txt").read_text()
