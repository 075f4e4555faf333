"""The MLflow store with several processes, a damaged one, and one that is served."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from mlflow import MlflowClient
from support.common import Command, Finished, Start, free_port
from support.first_use_of_store import PROCESSES, use_at_once
from support.processes import end, wait_until

from tuner.tracking.store import Store


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
